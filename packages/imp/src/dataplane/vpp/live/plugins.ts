/** Which plugin of VPP brings a message, so that a plan can say what is missing before anything is changed. */
import type { VppClient } from '../api/client.ts'

/** Every message by which the driver changes something, by the plugin that brings it; undefined for VPP itself. */
const messages: Readonly<Record<string, string | undefined>> = {
  sw_interface_set_flags: undefined,
  sw_interface_add_del_address: undefined,
  sw_interface_set_mtu: undefined,
  sw_interface_set_interface_name: undefined,
  sw_interface_ip6_enable_disable: undefined,
  create_subif: undefined,
  delete_subif: undefined,
  create_loopback_instance: undefined,
  delete_loopback: undefined,
  bridge_domain_add_del_v2: undefined,
  sw_interface_set_l2_bridge: undefined,
  sw_interface_set_l2_xconnect: undefined,
  l2_interface_vlan_tag_rewrite: undefined,
  ip_route_add_del: undefined,
  ip_neighbor_add_del: undefined,
  sw_interface_ip6nd_ra_config: undefined,
  sw_interface_ip6nd_ra_prefix: undefined,
  af_packet_create_v3: 'af_packet_plugin.so',
  af_packet_delete: 'af_packet_plugin.so',
  memif_socket_filename_add_del_v2: 'memif_plugin.so',
  memif_create_v2: 'memif_plugin.so',
  memif_delete: 'memif_plugin.so',
  lcp_itf_pair_add_del_v3: 'linux_cp_plugin.so',
  acl_add_replace: 'acl_plugin.so',
  acl_del: 'acl_plugin.so',
  abf_policy_add_del: 'abf_plugin.so',
  abf_itf_attach_add_del: 'abf_plugin.so',
  det44_plugin_enable_disable: 'det44_plugin.so',
  det44_interface_add_del_feature: 'det44_plugin.so',
  det44_add_del_map: 'det44_plugin.so',
  nat64_plugin_enable_disable: 'nat64_plugin.so',
  nat64_add_del_interface: 'nat64_plugin.so',
  nat64_add_del_prefix: 'nat64_plugin.so',
  nat64_add_del_pool_addr_range: 'nat64_plugin.so',
  nat64_set_timeouts: 'nat64_plugin.so',
}

/** The plugin that brings a message; undefined for those of VPP itself. */
export function pluginOf(message: string): string | undefined {
  return messages[message]
}

/** Messages of the driver that this VPP does not serve. */
export function unserved(client: Pick<VppClient, 'serves'>): ReadonlySet<string> {
  return new Set(Object.keys(messages).filter((message) => !client.serves(message)))
}
