import { suite, test } from 'node:test'
import { assertFound, lan, ports, wan, titleOf, type Case } from '../config/sample.ts'

const cases: readonly Case[] = [
  {
    rule: 'a name twice',
    changes: ports(wan, lan, { ...lan, nic: { name: 'x1' }, addresses: [] }),
    path: 'interfaces[2].name',
    message: /interfaces\[1\]\.name has already/,
  },
  {
    rule: 'a name of a VLAN equal to that of a port',
    changes: ports(wan, { ...lan, subinterfaces: [{ vlan: 5, name: 'wan' }] }),
    path: 'interfaces[1].subinterfaces[0]',
    message: /has already/,
  },
  {
    rule: 'a bridge named like a loopback',
    changes: { loopbacks: [{ instance: 1, name: 'br100' }] },
    path: 'bridges[0]',
    message: /loopbacks\[0\] has already/,
  },
  {
    rule: 'a member VLAN that is a subinterface too',
    changes: { bridges: [{ id: 1, members: [{ interface: 'lan', vlan: 40 }] }] },
    path: 'bridges[0].members[0]',
    message: /takes frames that interfaces\[1\]\.subinterfaces\[0\]/,
  },
  {
    rule: 'a reserved name',
    changes: { loopbacks: [{ instance: 1, name: 'incus-dataplane' }] },
    path: 'loopbacks[0]',
    message: /container network/,
  },
  {
    rule: 'a VLAN with too long a name',
    changes: ports(wan, { ...lan, name: 'a-quite-long', subinterfaces: [{ vlan: 4000 }] }),
    path: 'interfaces[1].subinterfaces[0]',
    message: /17 bytes; Linux allows 15/,
  },
  {
    rule: 'a cross-connect with too long a name',
    changes: { ...ports(wan, { ...lan, name: 'a-quite-long' }), crossConnects: [{ from: 'wan', to: 'a-quite-long', vlan: 4000 }] },
    path: 'crossConnects[0].to',
    message: /17 bytes/,
  },
  {
    rule: 'a loopback instance twice',
    changes: { loopbacks: [{ instance: 3 }, { instance: 3, name: 'other' }] },
    path: 'loopbacks[1].instance',
    message: /loopbacks\[0\]\.instance/,
  },
  {
    rule: 'a bridge id twice',
    changes: {
      bridges: [
        { id: 3, members: [{ interface: 'lan', vlan: 3 }] },
        { id: 3, name: 'other', members: [{ interface: 'lan', vlan: 4 }] },
      ],
    },
    path: 'bridges[1].id',
    message: /bridges\[0\]\.id/,
  },
  {
    rule: 'a card twice by its name',
    changes: ports(wan, { ...lan, nic: { name: 'wan' } }),
    path: 'interfaces[1].nic',
    message: /interfaces\[0\]\.name takes/,
  },
  {
    rule: 'a card twice by MAC',
    changes: ports({ ...wan, nic: { mac: '02:00:00:00:00:01' } }, { ...lan, nic: { mac: '02:00:00:00:00:01' } }),
    path: 'interfaces[1].nic',
    message: /interfaces\[0\]\.nic takes/,
  },
  {
    rule: 'a card twice by PCI address',
    changes: ports({ ...wan, nic: { pci: '0000:01:00.0' } }, { ...lan, nic: { pci: '0000:01:00.0' } }),
    path: 'interfaces[1].nic',
    message: /takes already/,
  },
  {
    rule: 'the card of the management port',
    changes: { management: { nic: { name: 'lan' } } },
    path: 'interfaces[1].name',
    message: /management\.nic takes/,
  },
  {
    rule: 'a VLAN twice',
    changes: ports(wan, { ...lan, subinterfaces: [{ vlan: 5 }, { vlan: 5, name: 'five' }] }),
    path: 'interfaces[1].subinterfaces[1]',
    message: /takes frames that interfaces\[1\]\.subinterfaces\[0\]/,
  },
  {
    rule: 'a VLAN that is passed through and routed',
    changes: { crossConnects: [{ from: 'wan', to: 'lan', vlan: 40 }] },
    path: 'crossConnects[0].to',
    message: /takes frames that interfaces\[1\]/,
  },
  {
    rule: 'an inner VLAN under a tag that is passed whole',
    changes: {
      ...ports(wan, { ...lan, subinterfaces: [{ vlan: 5, innerVlan: 6, protocol: 'dot1ad' }] }),
      crossConnects: [{ from: 'wan', to: 'lan', vlan: 5, protocol: 'dot1ad' }],
    },
    path: 'crossConnects[0].to',
    message: /takes frames/,
  },
  {
    rule: 'two protocols for one outer tag',
    changes: ports(wan, {
      ...lan,
      subinterfaces: [
        { vlan: 5, innerVlan: 6, protocol: 'dot1ad' },
        { vlan: 5, innerVlan: 7 },
      ],
    }),
    path: 'interfaces[1].subinterfaces[1]',
    message: /dot1q as outer tag where .* has dot1ad/,
  },
  {
    rule: 'a member that is no port',
    changes: { bridges: [{ id: 1, members: [{ interface: 'lam', vlan: 3 }] }] },
    path: 'bridges[0].members[0].interface',
    message: /not the name of a port/,
  },
  {
    rule: 'a port in two bridges',
    changes: {
      ...ports(wan, { ...lan, addresses: [] }),
      bridges: [
        { id: 1, members: [{ interface: 'lan' }] },
        { id: 2, members: [{ interface: 'lan' }] },
      ],
    },
    path: 'bridges[1].members[0]',
    message: /bridges\[0\]\.members\[0\] takes/,
  },
  {
    rule: 'a routed port in a bridge',
    changes: { ...ports(wan, lan), bridges: [{ id: 1, members: [{ interface: 'lan' }] }] },
    path: 'bridges[0].members[0]',
    message: /routed port/,
  },
  {
    rule: 'a cross-connect from no port',
    changes: { crossConnects: [{ from: 'van', to: 'lan', vlan: 3 }] },
    path: 'crossConnects[0].from',
    message: /not the name of a port/,
  },
  {
    rule: 'a cross-connect to itself',
    changes: { crossConnects: [{ from: 'lan', to: 'lan', vlan: 3 }] },
    path: 'crossConnects[0].to',
    message: /the frames come from/,
  },
  {
    rule: 'a VLAN with a larger MTU than its port',
    changes: ports(wan, { ...lan, subinterfaces: [{ vlan: 5, mtu: 9000 }] }),
    path: 'interfaces[1].subinterfaces[0].mtu',
    message: /MTU 1500 of lan/,
  },
  {
    rule: 'a bridge with a larger MTU than a member',
    changes: { bridges: [{ id: 1, mtu: 9000, members: [{ interface: 'lan', vlan: 3 }] }] },
    path: 'bridges[0].mtu',
    message: /MTU 1500 of lan/,
  },
]

suite('rules of links', () => {
  for (const each of cases) test(titleOf(each), () => assertFound(each))
})
