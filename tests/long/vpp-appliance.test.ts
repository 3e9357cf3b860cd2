/**
 * An appliance that forwards by a real VPP, from its first boot on: both processes, twins that FRR speaks over, a peer and a client on the
 * other side of its cards. Everything dies once and comes back by itself.
 */
import assert from 'node:assert/strict'
import { access } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { showsTwins, vppObstacle } from '../real/vpp-fixture.ts'
import { bootMachine, type BootedMachine } from './booted-machine.ts'

const configuration = {
  schema: 'imp.router',
  version: 1,
  hostname: 'edge1',
  dataplane: 'vpp',
  management: { nic: { name: 'mgmt0' }, mode: 'static', addresses: ['192.0.2.10/24'], gateways: ['192.0.2.1'] },
  interfaces: [
    { name: 'wan', role: 'external', nic: { name: 'wan0' }, addresses: ['198.51.100.2/30'] },
    {
      name: 'lan',
      role: 'internal',
      nic: { name: 'lan0' },
      addresses: ['192.168.0.1/24', '2001:db8:10::1/64'],
      ra: { maximumInterval: 4 },
    },
  ],
  loopbacks: [{ instance: 0, addresses: ['203.0.113.254/32'] }],
  bgp: {
    asn: 64500,
    routerId: '203.0.113.254',
    announced: ['203.0.113.0/24'],
    peers: [{ name: 'transit1', address: '198.51.100.1', asn: 64496, connectRetry: 1, import: { acceptBogons: true } }],
  },
  nat: { mappings: [{ inside: '192.168.0.0/24', outside: '203.0.113.96/30' }] },
}

const peer = `router bgp 64496
 bgp router-id 192.0.2.200
 no bgp ebgp-requires-policy
 neighbor 198.51.100.2 remote-as 64500
 neighbor 198.51.100.2 timers connect 1
 address-family ipv4 unicast
  network 192.0.2.200/32
 exit-address-family
`

/** Links that bring the programs of VPP to /usr/bin, where units expect them. A machine has a /tmp of its own, empty. */
async function programs(): Promise<string> {
  const directories = (process.env['PATH'] ?? '').split(delimiter)
  const lines: string[] = []
  for (const name of ['vpp', 'vppctl']) {
    for (const directory of directories) {
      const path = join(directory, name)
      const found = await access(path).then(
        () => true,
        () => false,
      )
      if (!found) continue
      if (path !== `/usr/bin/${name}`) lines.push(`ln -sf '${path}' "$m/usr/bin/${name}"`)
      break
    }
  }
  return lines.join('\n')
}

/** The far ends of its cards are a peer with FRR, and a client. */
const prepare = (links: string): string => `${links}
mkdir "$m/dev/net"
for node in net/tun vhost-net; do touch "$m/dev/$node"; mount --bind "/dev/$node" "$m/dev/$node"; done
mount -t tmpfs none /run; mkdir /run/netns
for name in peer client; do ip netns add "$name"; ip -n "$name" link set dev lo up; done
ip link set dev far-wan0 netns peer; ip link set dev far-lan0 netns client
ip -n peer link set dev far-wan0 up; ip -n client link set dev far-lan0 up
ip -n peer address add 198.51.100.1/30 dev far-wan0; ip -n peer address add 192.0.2.200/32 dev lo
ip -n client address add 192.168.0.9/24 dev far-lan0; ip -n client route add default via 192.168.0.1
mkdir "$work/frr"; touch "$work/frr/vtysh.conf"
cat > "$work/frr/frr.conf" <<'END'
${peer}END
chmod 711 "$work"; chown -R frr:frr "$work/frr"
for daemon in zebra bgpd; do
  ip netns exec peer "/usr/lib/frr/$daemon" -d -A 127.0.0.1 -P 0 -z "$work/frr/zserv.api" --vty_socket "$work/frr" \\
    -i "$work/frr/$daemon.pid" -f "$work/frr/none.conf" --log "file:$work/frr/$daemon.log"
done
ip netns exec peer vtysh --vty_socket "$work/frr" --config_dir "$work/frr" -b
mkdir "$m/far" "$m/far-frr"; mount --rbind /run/netns "$m/far"; mount --bind "$work/frr" "$m/far-frr"
`

const probe = `#!/bin/sh
cd /out
units='imp-generate netns-dataplane netns-move-interfaces vpp-core vpp-core-config vpp-nat frr imp-recover imp-apply'
within() { # SECONDS COMMAND...
  read -r now _ </proc/uptime; end=$((\${now%.*} + $1)); shift
  until "$@" >/dev/null 2>&1; do
    read -r now _ </proc/uptime
    [ "\${now%.*}" -lt "$end" ] || { echo "not within its time: $*"; return 1; }
    sleep 0.2
  done
}
far() { name=$1; shift; nsenter --net="/far/$name" -- "$@"; }
bgp() { far peer vtysh --vty_socket /far-frr --config_dir /far-frr -c 'show bgp summary json'; }
established() { bgp | grep -q Established; }
reached() { far client ping -c 1 -W 1 192.0.2.200; }
restarted() { [ "$(systemctl show -P MainPID "$1")" -gt 0 ] && [ "$(systemctl show -P MainPID "$1")" != "$2" ] && systemctl is-active "$1" vpp-core-config; }
# Everything that must be there, into files of this name.
look() {
  { within 300 established; within 300 reached; } > "$1.waited" 2>&1
  for unit in $units; do echo "$unit $(systemctl show -P ActiveState "$unit")"; done > "$1.units"
  bgp > "$1.bgp"
  ip -n dataplane -o address > "$1.addresses"
  { imp drift; echo "exit $?"; } > "$1.drift" 2>&1
}
look boot
far peer tcpdump -n -c 1 -i far-wan0 icmp > packet.txt 2>/dev/null &
capture=$!
within 120 pgrep tcpdump; within 120 sh -c 'nsenter --net=/far/client -- ping -c 1 -W 1 192.0.2.200; [ -s /out/packet.txt ]'
wait "$capture"
sed 's#"192.168.0.1/24",#"192.168.0.1/24", "192.168.7.1/24",#' /persistent/config/router.json > new.json
imp apply new.json --json > apply.json 2> apply.txt
look applied
sed 's/"dataplane": "vpp"/"dataplane": "linux"/' new.json > other.json
imp apply other.json > other.txt 2>&1; echo "exit $?" >> other.txt
for instance in core nat; do
  old=$(systemctl show -P MainPID "vpp-$instance")
  kill -9 "$old"
  within 300 restarted "vpp-$instance" "$old" > "$instance.restarted"
  look "$instance"
done
touch done
`

suite('an appliance with a real VPP', { skip: vppObstacle() ?? (showsTwins ? false : 'needs /dev/vhost-net'), timeout: 1_300_000 }, () => {
  let booted: (BootedMachine & { readonly why?: string }) | undefined
  const out = async (name: string): Promise<string> => (await booted?.out(name)) ?? ''
  before(async () => {
    booted = await bootMachine({ configuration, probe, prepare: prepare(await programs()), timeout: 1_200_000 })
  })
  after(() => booted?.close())

  /** What an operator finds when all is well. */
  async function assertWell(when: string): Promise<void> {
    assert.equal(await out(`${when}.waited`), '')
    for (const line of (await out(`${when}.units`)).trim().split('\n')) assert.match(line, / active$/)
    assert.match(await out(`${when}.drift`), /is as configured\nexit 0\n$/)
    const addresses = await out(`${when}.addresses`)
    for (const text of [
      'wan +inet 198.51.100.2/30',
      'lan +inet 192.168.0.1/24',
      'lan +inet6 2001:db8:10::1/64',
      'lo0 +inet 203.0.113.254/32',
    ])
      assert.match(addresses, new RegExp(text))
  }

  test('forwards from its first boot on: units, session, twins, and a client behind NAT', async (t) => {
    if (booted?.why !== undefined) return t.skip(booted.why)
    await assertWell('boot')
    assert.match(await out('packet.txt'), /IP 203\.0\.113\.(9[6-9]) > 192\.0\.2\.200: ICMP echo request/)
  })

  test('a change keeps the session', async (t) => {
    if (booted?.why !== undefined) return t.skip(booted.why)
    await assertWell('applied')
    assert.match(await out('applied.addresses'), /lan +inet 192\.168\.7\.1\/24/)
    const [before, later] = await Promise.all(
      ['boot', 'applied'].map(async (when) => /"connectionsDropped":\d+/.exec(await out(`${when}.bgp`))?.[0]),
    )
    assert.equal(later, before)
  })

  test('another dataplane is refused with the way to it, and nothing changes', async (t) => {
    if (booted?.why !== undefined) return t.skip(booted.why)
    assert.match(await out('other.txt'), /by a reboot only\n[^]*exit [1-9]/)
  })

  for (const instance of ['core', 'nat'])
    test(`comes back by itself when VPP (${instance}) is killed`, async (t) => {
      if (booted?.why !== undefined) return t.skip(booted.why)
      assert.equal(await out(`${instance}.restarted`), '')
      await assertWell(instance)
      assert.match(await out(`${instance}.addresses`), /lan +inet 192\.168\.7\.1\/24/)
    })
})
