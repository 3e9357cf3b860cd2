import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { assert as holds, constantFrom, integer, property, subarray, tuple } from 'fast-check'
import { compileMapping, forward } from './mapping.ts'
import type { NatMapping } from './model.ts'
import { renumberings, reportMapping, reportMemory } from './report.ts'

const home = { inside: '192.168.0.0/24', outside: '203.0.113.96/30' }

suite('NAT report', () => {
  test('ports for each host, and what is left over', () => {
    assert.deepEqual(reportMapping(home, 'linux'), {
      ...home,
      hosts: 256,
      addresses: 4,
      hostsPerAddress: 64,
      portsPerHost: 1008,
      sparePorts: 0,
      flowsPerHost: { toOneDestination: 1008 },
    })
    const crowded = reportMapping({ inside: '192.168.0.0/16', outside: '198.51.100.96/30' }, 'vpp')
    assert.deepEqual([crowded.portsPerHost, crowded.sparePorts, crowded.flowsPerHost.inAll], [3, 15360, 1000])
  })

  test('memory: VPP takes all sessions at once, Linux as flows come', () => {
    const mappings = [reportMapping(home, 'linux'), reportMapping({ inside: '10.0.0.0/20', outside: '203.0.113.0/26' }, 'linux')]
    assert.deepEqual(reportMemory(mappings, 'vpp'), { mappings: (256 + 4096) * 24_000 })
    assert.deepEqual(reportMemory(mappings, 'linux'), { mappings: (256 + 4096) * 94, flowsAtMost: (4 + 64) * 64512 * 384 })
  })
})

suite('renumbering', () => {
  test('nobody, when nothing changes', () => {
    assert.deepEqual(renumberings([home], [home]), [])
    assert.deepEqual(renumberings([], []), [])
  })

  test('everybody, when the pool moves', () => {
    const [change, ...others] = renumberings([home], [{ ...home, outside: '203.0.113.100/30' }])
    assert.deepEqual(others, [])
    assert.deepEqual(change, {
      change: 'renumbered',
      first: '192.168.0.0',
      last: '192.168.0.255',
      hosts: 256,
      before: { address: '203.0.113.96', firstPort: 1024, lastPort: 2031 },
      after: { address: '203.0.113.100', firstPort: 1024, lastPort: 2031 },
    })
  })

  test('nobody who was there, when inside and pool double', () => {
    const doubled = { inside: '192.168.0.0/23', outside: '203.0.113.96/29' }
    assert.deepEqual(
      renumberings([home], [doubled]).map(({ change, first, last, hosts }) => [change, first, last, hosts]),
      [['added', '192.168.1.0', '192.168.1.255', 256]],
    )
    assert.deepEqual(
      renumberings([doubled], [home]).map(({ change, first, hosts }) => [change, first, hosts]),
      [['removed', '192.168.1.0', 256]],
    )
  })

  test('says of each host what its blocks say', () => {
    const insides = ['192.168.0.0/27', '192.168.0.0/28', '192.168.0.16/28', '192.168.0.32/29']
    const lists = tuple(subarray(insides), integer({ min: 0, max: 3 }), constantFrom(30, 31, 32)).map(([chosen, shift, length]) =>
      chosen
        .filter((inside) => inside !== '192.168.0.0/27' || chosen.length === 1 || !chosen.some((each) => each.endsWith('/28')))
        .map((inside, index): NatMapping => ({ inside, outside: `203.0.113.${(index * 4 + shift * 8) & 252}/${length}` })),
    )
    const blockIn = (mappings: readonly NatMapping[], inside: string): string =>
      JSON.stringify(mappings.map((each) => forward(compileMapping(each), inside)).find((block) => block !== undefined) ?? null)
    holds(
      property(lists, lists, (before, after) => {
        const changes = renumberings(before, after)
        for (let host = 0; host < 48; host += 1) {
          const address = `192.168.0.${host}`
          const [was, will] = [blockIn(before, address), blockIn(after, address)]
          const told = changes.filter(({ first, last }) => Number(first.slice(10)) <= host && host <= Number(last.slice(10)))
          const expected = was === will ? [] : [was === 'null' ? 'added' : will === 'null' ? 'removed' : 'renumbered']
          assert.deepEqual(
            told.map(({ change }) => change),
            expected,
            address,
          )
        }
      }),
    )
  })
})
