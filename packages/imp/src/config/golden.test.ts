/** Whole configurations and what they become, byte by byte. Real programs read the same files in tests/real/frr-render.test.ts. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { localHost } from '@imp/kit/host/local.ts'
import { renderFrr } from '../frr/render.ts'
import { renderNat } from '../nat/render.ts'
import { formatRouterConfig, loadRouterConfig } from './load.ts'

const { files } = localHost()
const directory = join(import.meta.dirname, 'golden')
const asText = { serializers: [(value: unknown) => String(value)] }
const names = await files.list(directory)

suite('golden configurations', () => {
  for (const name of names) {
    test(name, async (t) => {
      const place = join(directory, name)
      const { config, findings } = loadRouterConfig(await files.read(join(place, 'router.json')), name)
      assert.deepEqual(findings, [])
      assert.ok(config !== undefined)
      t.assert.fileSnapshot(renderFrr(config).text, join(place, 'frr.conf'), asText)
      const nat = renderNat(config)
      if (nat !== undefined) t.assert.fileSnapshot(nat, join(place, 'imp_nat.nft'), asText)
      else assert.equal(await files.stat(join(place, 'imp_nat.nft')), undefined)
    })

    test(`${name}, written out with all defaults, is the same configuration`, async () => {
      const { config } = loadRouterConfig(await files.read(join(directory, name, 'router.json')), name)
      assert.ok(config !== undefined)
      assert.deepEqual(loadRouterConfig(formatRouterConfig(config), name), { config, findings: [] })
    })
  }

  test('there are enough of them', () => assert.ok(names.length >= 12))
})
