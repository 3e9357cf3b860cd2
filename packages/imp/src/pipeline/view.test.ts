import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { stripVTControlCharacters } from 'node:util'
import { changed } from '../config/sample.ts'
import { artefactChanges } from './artefacts.ts'
import { impactOf, impactText } from './impact.ts'
import { shownStep, type Preview } from './preview.ts'
import { renderRouter } from './render.ts'
import { drawPreview } from './view.ts'

const [before, after] = [changed({}), changed({ hostname: 'edge2', nat: undefined, bgp: undefined, container: undefined })]
const none = { bgpPeers: [], ospfInterfaces: [] } as const
const mine = { kind: 'frr', name: 'mine', text: 'ip route 192.0.2.0/24 Null0\n' } as const
const link = { change: 'state', link: 'lan', before: 'up', after: 'down' } as const
const steps = [
  shownStep({ kind: 'links', summary: 'lan down', disruption: 'restart', data: { changes: [link] } }),
  shownStep({ kind: 'frr', summary: 'remove 2 lines', disruption: 'restart', data: { lines: ['- a', '- b'] } }, 'resets all BGP sessions'),
  shownStep({ kind: 'verify', summary: 'verify', disruption: 'none', data: {} }),
]
const preview: Preview = {
  target: 'edge',
  disruption: 'restart',
  steps,
  artefacts: artefactChanges({ desired: renderRouter(before), overrides: [] }, { desired: renderRouter(after), overrides: [mine] }).map(
    (each) => ({ ...each, lines: [...each.lines] }),
  ),
  impact: impactOf(before, after, none),
  summary: impactText(impactOf(before, after, none)),
}

suite('a plan', () => {
  test('says of each step what it disturbs', () => {
    assert.deepEqual(
      steps.map(({ disturbs }) => disturbs),
      ['brief', 'resets all BGP sessions', 'none'],
    )
  })

  test('shows every text that changes, drop-ins marked, and whom it touches last', (t) => {
    const text = drawPreview(preview, { width: 100, colour: false })
    assert.match(text, /^overrides\/frr\/mine\.conf \(override\) \+1 -0$/m)
    assert.doesNotMatch(text, /imp:[0-9a-f]{64}/)
    assert.equal(text.split('\n').at(-1), preview.summary)
    // The translation of 33,024 hosts would fill the file.
    const short = { ...preview, artefacts: preview.artefacts.filter(({ name }) => name !== 'imp_nat.nft') }
    t.assert.fileSnapshot(drawPreview(short, { width: 100, colour: false }), `${import.meta.dirname}/golden/plan.txt`, {
      serializers: [(value: unknown) => `${String(value)}\n`],
    })
  })

  test('has colours for people only', () => {
    const draw = (colour: boolean): string => drawPreview(preview, { width: 100, colour })
    assert.notEqual(draw(true), draw(false))
    assert.equal(stripVTControlCharacters(draw(true)), draw(false))
  })

  test('of nothing says so', () => {
    assert.equal(drawPreview({ ...preview, steps: [] }, { width: 100, colour: false }), 'edge is as configured')
  })
})
