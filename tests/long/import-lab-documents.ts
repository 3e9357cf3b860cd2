/** Documents of the reference system in both of its layouts, as they stand on routers in operation. */

const six = { ipv6: null, ipv6_prefix: null }
const container = {
  network: '10.234.116.0/24',
  gateway: '10.234.116.5',
  prefix: 24,
  bridge_ip: '10.234.116.1',
  dhcp_start: '10.234.116.100',
  dhcp_end: '10.234.116.254',
  ...six,
  ipv6_ra_prefix: null,
  bridge_ipv6: null,
}
const cpu = { total_cores: 8, core_main: 1, core_workers: '2-5', core_worker_count: 4, nat_main: 6, nat_workers: '7', nat_worker_count: 1 }

/** The layout with roles. `tagged` adds everything that is made of VLANs. */
export function rolesDocument(tagged: boolean): object {
  return {
    hostname: 'edge1',
    management: { iface: 'eno1', mode: 'static', ipv4: '192.0.2.10', ipv4_prefix: 25, ipv4_gateway: '192.0.2.1' },
    external: {
      iface: 'enp1s0f0',
      pci: '0000:01:00.0',
      ipv4: '198.51.100.2',
      ipv4_prefix: 30,
      ipv4_gateway: '198.51.100.1',
      ipv6: '2001:db8:ffff::2',
      ipv6_prefix: 64,
      ipv6_gateway: '2001:db8:ffff::1',
      subinterfaces: tagged ? [{ vlan_id: 300, ipv4: '198.51.100.9', ipv4_prefix: 30, ...six, create_lcp: true }] : [],
    },
    internal: [
      {
        iface: 'enp1s0f1',
        pci: '0000:01:00.1',
        vpp_name: 'internal0',
        ipv4: '192.168.10.1',
        ipv4_prefix: 24,
        network: '192.168.10.0/24',
        ipv6: '2001:db8:10::1',
        ipv6_prefix: 48,
        ipv6_network: '2001:db8:10::/48',
        ipv6_ra_prefix: '2001:db8:10::/64',
        subinterfaces: [],
      },
      {
        iface: 'enp2s0f0',
        pci: '0000:02:00.0',
        vpp_name: 'internal1',
        ipv4: '192.168.20.1',
        ipv4_prefix: 24,
        network: '192.168.20.0/24',
        ...six,
        ipv6_network: null,
        ipv6_ra_prefix: null,
        subinterfaces: tagged
          ? [{ vlan_id: 40, ipv4: '192.168.40.1', ipv4_prefix: 24, ipv6: '2001:db8:40::1', ipv6_prefix: 64, create_lcp: true }]
          : [],
      },
    ],
    bgp: {
      enabled: true,
      asn: 64500,
      router_id: '198.51.100.2',
      peer_ipv4: '198.51.100.1',
      peer_ipv6: '2001:db8:ffff::1',
      peer_asn: 64496,
    },
    nat: {
      bgp_prefix: '203.0.113.96/27',
      mappings: [
        { source_network: '192.168.10.0/24', nat_pool: '203.0.113.96/30' },
        { source_network: '192.168.20.0/24', nat_pool: '203.0.113.100/30' },
        { source_network: '10.234.116.0/24', nat_pool: '203.0.113.104/30' },
        ...(tagged
          ? [
              { source_network: '192.168.40.0/24', nat_pool: '203.0.113.108/30' },
              { source_network: '192.168.100.0/24', nat_pool: '203.0.113.112/30' },
            ]
          : []),
      ],
      bypass_pairs: [{ source: '192.168.10.0/24', destination: '192.168.20.0/24' }],
    },
    container,
    cpu,
    vlan_passthrough: tagged
      ? [
          { vlan_id: 210, internal_interface: 'internal0', vlan_type: 'dot1q', inner_vlan: null },
          { vlan_id: 500, internal_interface: 'internal1', vlan_type: 'dot1ad', inner_vlan: 7 },
        ]
      : [],
    loopbacks: [
      {
        instance: 0,
        name: 'router-id',
        ipv4: '203.0.113.1',
        ipv4_prefix: 32,
        ipv6: '2001:db8:1::1',
        ipv6_prefix: 128,
        create_lcp: true,
      },
    ],
    bvi_domains: tagged
      ? [
          {
            bridge_id: 100,
            name: 'customer-lan',
            members: [
              { interface: 'internal0', vlan_id: 100 },
              { interface: 'internal1', vlan_id: 100 },
            ],
            ipv4: '192.168.100.1',
            ipv4_prefix: 24,
            ...six,
            create_lcp: true,
          },
        ]
      : [],
  }
}

const silent = {
  ospf_area: null,
  ospf_passive: false,
  ospf6_area: null,
  ospf6_passive: false,
  ipv6_ra_enabled: false,
  ipv6_ra_interval_max: 30,
  ipv6_ra_interval_min: 15,
  ipv6_ra_suppress: false,
  ipv6_ra_prefixes: [],
}

/** The layout with named interfaces. */
export function interfacesDocument(tagged: boolean): object {
  const vlan = { vlan_id: 40, ipv4: '192.168.40.1', ipv4_prefix: 24, ...six, create_lcp: true, ...silent }
  return {
    hostname: 'edge2',
    management: { iface: 'eno1', mode: 'dhcp', ipv4: null, ipv4_prefix: null, ipv4_gateway: null },
    interfaces: [
      {
        name: 'transit',
        iface: 'enp1s0f0',
        pci: '0000:01:00.0',
        ipv4: [{ address: '198.51.100.2', prefix: 30 }],
        ipv6: [{ address: '2001:db8:ffff::2', prefix: 64 }],
        mtu: 1500,
        subinterfaces: [],
        ...silent,
      },
      {
        name: 'lan',
        iface: 'enp1s0f1',
        pci: '0000:01:00.1',
        ipv4: [{ address: '192.168.10.1', prefix: 24 }],
        ipv6: [{ address: '2001:db8:10::1', prefix: 64 }],
        mtu: 1500,
        subinterfaces: tagged ? [vlan] : [],
        ...silent,
        ipv6_ra_enabled: true,
        ospf_area: 0,
        ospf_passive: true,
      },
      {
        name: 'core',
        iface: 'ens7',
        pci: 'virtio5',
        ipv4: [{ address: '10.255.0.1', prefix: 30 }],
        ipv6: [],
        mtu: 1500,
        subinterfaces: [],
        ...silent,
        ospf_area: 0,
      },
    ],
    routes: [
      { destination: '0.0.0.0/0', via: '198.51.100.1', interface: null },
      { destination: '::/0', via: '2001:db8:ffff::1', interface: 'transit' },
    ],
    bgp: {
      enabled: true,
      asn: 64500,
      router_id: '203.0.113.1',
      announced_prefixes: ['203.0.113.0/24', '2001:db8:10::/48'],
      peers: [
        { name: 'upstream', peer_ip: '198.51.100.1', peer_asn: 64496, description: 'upstream', update_source: null },
        { name: 'upstream six', peer_ip: '2001:db8:ffff::1', peer_asn: 64496, description: 'upstream six', update_source: 'transit' },
      ],
    },
    ospf: { enabled: true, router_id: null, default_originate: true },
    ospf6: { enabled: false, router_id: null, default_originate: false },
    nat: { bgp_prefix: '', mappings: [], bypass_pairs: [] },
    container: null,
    cpu,
    modules: [
      {
        name: 'nat',
        enabled: true,
        config: {
          source_interfaces: ['lan'],
          mappings: [
            { source_network: '192.168.10.0/24', nat_pool: '203.0.113.96/30' },
            { source_network: '10.255.0.0/24', nat_pool: '203.0.113.100/30' },
            ...(tagged ? [{ source_network: '192.168.40.0/24', nat_pool: '203.0.113.108/30' }] : []),
          ],
          bypass_pairs: [],
        },
      },
    ],
    vlan_passthrough: tagged
      ? [{ vlan_id: 210, from_interface: 'transit', to_interface: 'lan', vlan_type: 'dot1q', inner_vlan: null }]
      : [],
    loopbacks: [
      {
        instance: 0,
        name: 'router-id',
        ipv4: '203.0.113.1',
        ipv4_prefix: 32,
        ...six,
        create_lcp: true,
        ...silent,
        ospf_area: 0,
        ospf_passive: true,
      },
    ],
    bvi_domains: tagged
      ? [
          {
            bridge_id: 100,
            name: 'customers',
            members: [
              { interface: 'lan', vlan_id: 100 },
              { interface: 'core', vlan_id: 100 },
            ],
            ipv4: '192.168.100.1',
            ipv4_prefix: 24,
            ...six,
            create_lcp: true,
            ...silent,
          },
        ]
      : [],
  }
}
