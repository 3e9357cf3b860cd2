/** A core of twenty routers that speak OSPF: it comes up, every router knows every other, a cut ring heals, and nothing stays behind. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { bench, failing, frr, missing, type Bench } from '../real/lab-fixture.ts'

const routers = 20

interface Cable {
  readonly a: number
  readonly b: number
}

/** A ring with chords across it. */
const cables: readonly Cable[] = [
  ...Array.from({ length: routers }, (_, a) => ({ a, b: (a + 1) % routers })),
  ...[0, 4, 8, 12, 16].map((a) => ({ a, b: (a + routers / 2 - 1) % routers })),
]

const ospf = { network: 'point-to-point', helloInterval: 1, deadInterval: 4 }

function loopback(router: number): string {
  return `10.99.0.${router}/32`
}

function routerJson(router: number): string {
  const interfaces = cables.flatMap(({ a, b }, index) => {
    if (router !== a && router !== b) return []
    const other = router === a ? b : a
    return [{ name: `to${other}`, role: 'internal', addresses: [`10.0.${index}.${router === a ? 1 : 2}/30`], ospf }]
  })
  const loopbacks = [{ instance: 0, addresses: [loopback(router)], ospf: { passive: true } }]
  return JSON.stringify({
    schema: 'imp.router',
    version: 1,
    hostname: `r${router}`,
    interfaces,
    loopbacks,
    ospf: { routerId: `10.99.0.${router}` },
  })
}

const all = Array.from({ length: routers }, (_, router) => router)

function verifyLines(from: number): string[] {
  return all.filter((to) => to !== from).map((to) => `  - route: {node: r${from}, prefix: ${loopback(to)}, protocol: ospf, deadline: 90s}`)
}

const files = {
  ...Object.fromEntries(all.map((router) => [`r${router}.json`, routerJson(router)])),
  'lab.yaml': `name: placeholder
topology:
  nodes:
${all.map((router) => `    r${router}: {kind: router, startup-config: r${router}.json}`).join('\n')}
  links:
${cables.map(({ a, b }) => `    - endpoints: ["r${a}:to${b}", "r${b}:to${a}"]`).join('\n')}
verify:
${all.flatMap(verifyLines).join('\n')}
  - reach: {from: r0, to: 10.99.0.10}
`,
}

async function succeeds(lab: Bench, ...words: readonly string[]): Promise<string> {
  const { status, stdout, stderr } = await lab.imp(...words)
  assert.equal(status, 0, `imp ${words.join(' ')}\n${stdout}\n${stderr}`)
  return stdout
}

suite('a lab of twenty routers', { skip: missing(frr) ?? false }, () => {
  test('comes up, finds its ways also around a cut link, and goes without a trace', async (t) => {
    const lab = await bench(t, files)
    await succeeds(lab, 'lab', 'up', lab.file)
    assert.deepEqual(failing(await lab.verify()), [])
    const { labs } = JSON.parse(await succeeds(lab, 'lab', 'list', '--json')) as { labs: object[] }
    assert.deepEqual(labs, [{ name: lab.name, file: lab.file, nodes: routers, state: 'up' }])
    await lab.inside('r0', 'ip', 'link', 'set', 'dev', 'to1', 'down')
    assert.deepEqual(failing(await lab.verify()), [])
    assert.match(await succeeds(lab, 'lab', 'up', lab.file), /0 nodes started, 20 kept/)
    await succeeds(lab, 'lab', 'down', lab.name)
    assert.deepEqual(await lab.remains(), [])
  })
})
