/** The first boot of an image on a machine whose configuration survived: systemd itself starts the chain. */
import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { bootMachine, type BootedMachine } from './booted-machine.ts'

const configuration = {
  schema: 'imp.router',
  version: 1,
  hostname: 'edge1',
  management: { nic: { name: 'mgmt0' }, mode: 'static', addresses: ['192.0.2.10/24'], gateways: ['192.0.2.1'] },
  interfaces: [
    { name: 'wan', role: 'external', nic: { name: 'wan0' }, addresses: ['198.51.100.2/30'] },
    { name: 'lan', role: 'internal', nic: { name: 'lan0' }, addresses: ['192.168.0.1/24', '2001:db8:10::1/64'] },
  ],
  routes: [{ prefix: '0.0.0.0/0', via: '198.51.100.1' }],
  nat: { mappings: [{ inside: '192.168.0.0/24', outside: '203.0.113.96/30' }] },
}

/** Looks at the machine that has come up, does what an operator does, and looks again. */
const probe = `#!/bin/sh
cd /out
units='imp-generate netns-dataplane netns-move-interfaces vpp-core vpp-core-config vpp-nat frr imp-recover imp-apply'
for unit in $units; do
  echo "$unit $(systemctl show -P ActiveState "$unit") $(systemctl show -P ActiveEnterTimestampMonotonic "$unit")"
done > units.txt
systemctl --failed --plain --no-legend > failed.txt
ip -o address > outside.txt
ip -n dataplane -o address > inside.txt
ip -n dataplane route > routes.txt
ip netns exec dataplane nft list tables > tables.txt
ip netns pids dataplane | while read -r pid; do cat "/proc/$pid/comm"; done | sort -u > daemons.txt
imp status --json > status.json 2>&1
imp drift > drift.txt 2>&1; echo "exit $?" >> drift.txt
sed 's/192.0.2.10/192.0.2.11/' /persistent/config/router.json > new.json
imp apply new.json --json > apply.json 2>apply.txt
until ip -o address show dev mgmt0 | grep -q 192.0.2.11/24; do i=$((i + 1)); [ "$i" -lt 100 ] || break; sleep 0.1; done
ip -o address show dev mgmt0 > readdressed.txt
cp /persistent/config/router.json committed.json
systemctl restart netns-dataplane.service netns-move-interfaces.service imp-apply.service; echo "exit $?" > again.txt
ip -n dataplane -o address > inside-again.txt
imp drift >> again.txt 2>&1; echo "exit $?" >> again.txt
touch done
`

let booted: (BootedMachine & { readonly why?: string }) | undefined

async function out(name: string): Promise<string> {
  return (await booted?.out(name)) ?? ''
}

suite('first boot', { timeout: 300_000 }, () => {
  let why: string | undefined
  before(async () => {
    booted = await bootMachine({ configuration, probe, timeout: 200_000 })
    ;({ why } = booted)
  })
  after(() => booted?.close())

  test('the chain comes up in its order, and nothing fails', async (t) => {
    if (why !== undefined) return t.skip(why)
    const lines = (await out('units.txt'))
      .trim()
      .split('\n')
      .map((line) => line.split(' '))
    const active = lines.filter(([, state]) => state === 'active')
    assert.deepEqual(
      active.map(([name]) => name),
      ['imp-generate', 'netns-dataplane', 'netns-move-interfaces', 'frr', 'imp-recover', 'imp-apply'],
    )
    const times = active.map(([, , time]) => Number(time))
    assert.deepEqual(
      times,
      times.toSorted((a, b) => a - b),
    )
    assert.equal(
      (await out('failed.txt'))
        .split('\n')
        .filter((line) => /imp|netns|vpp|frr|networkd\.service/.test(line))
        .join(),
      '',
    )
  })

  test('the router is what was committed: ports, addresses, routes, tables, FRR in the namespace', async (t) => {
    if (why !== undefined) return t.skip(why)
    const inside = await out('inside.txt')
    for (const text of ['wan +inet 198.51.100.2/30', 'lan +inet 192.168.0.1/24', 'lan +inet6 2001:db8:10::1/64'])
      assert.match(inside, new RegExp(text))
    assert.match(await out('routes.txt'), /^default .*via 198\.51\.100\.1 dev wan /m)
    assert.match(await out('tables.txt'), /^table ip imp_nat$/m)
    const daemons = (await out('daemons.txt')).split('\n')
    for (const daemon of ['bfdd', 'bgpd', 'ospf6d', 'ospfd', 'staticd', 'zebra']) assert.ok(daemons.includes(daemon), daemon)
    assert.match(await out('drift.txt'), /is as configured\nexit 0\n$/)
  })

  test('the management port has its address, and no other card of the machine has one', async (t) => {
    if (why !== undefined) return t.skip(why)
    const outside = await out('outside.txt')
    assert.match(outside, /mgmt0 +inet 192\.0\.2\.10\/24/)
    assert.doesNotMatch(outside, /: (wan0|lan0) /)
  })

  test('a change of the management port goes into force by networkd, and into the next boot', async (t) => {
    if (why !== undefined) return t.skip(why)
    assert.match(await out('readdressed.txt'), /192\.0\.2\.11\/24/)
    assert.match(await out('committed.json'), /192\.0\.2\.11\/24/)
    const { disruption } = JSON.parse(await out('apply.json')) as { disruption: string }
    assert.equal(disruption, 'reload')
  })

  test('units of the chain that are started again change nothing', async (t) => {
    if (why !== undefined) return t.skip(why)
    assert.match(await out('again.txt'), /^exit 0\n.*is as configured\nexit 0\n$/)
    const addresses = (text: string): string[] => text.match(/\S+ +inet6? \S+/g) ?? []
    assert.deepEqual(addresses(await out('inside-again.txt')), addresses(await out('inside.txt')))
  })
})
