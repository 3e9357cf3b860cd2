/**
 * Messages of VPP 25.06 that the fake serves, with the types that they need, in a short notation of our own: a line for each.
 *
 * Types: `alias NAME: TYPE[LENGTH]`, `enum NAME BASE: NAME=VALUE, ...`, `struct NAME: TYPE FIELD, ...`, `union NAME: ...`.
 * Messages, under the plugin that brings them: `NAME CRC SIGN FIELDS`, where the sign stands for the fields that come first: `?` a
 * request (client_index, context), `!` a reply (context, retval), `*` details or a reply in which the return value stands elsewhere
 * (context), `-` none. A request without a reply of its own is answered by a return value alone. A word after `?` names the details
 * that come before the reply.
 */
export const typeLines = `
alias interface_index: u32
alias mac_address: u8[6]
enum if_status_flags u32: IF_STATUS_API_FLAG_ADMIN_UP=1, IF_STATUS_API_FLAG_LINK_UP=2
enum if_type u32: IF_API_TYPE_HARDWARE=0, IF_API_TYPE_SUB=1, IF_API_TYPE_P2P=2, IF_API_TYPE_PIPE=3
enum link_duplex u32: LINK_DUPLEX_API_UNKNOWN=0, LINK_DUPLEX_API_HALF=1, LINK_DUPLEX_API_FULL=2
enum sub_if_flags u32: SUB_IF_API_FLAG_NO_TAGS=1, SUB_IF_API_FLAG_ONE_TAG=2, SUB_IF_API_FLAG_TWO_TAGS=4, SUB_IF_API_FLAG_DOT1AD=8, SUB_IF_API_FLAG_EXACT_MATCH=16, SUB_IF_API_FLAG_DEFAULT=32, SUB_IF_API_FLAG_OUTER_VLAN_ID_ANY=64, SUB_IF_API_FLAG_INNER_VLAN_ID_ANY=128, SUB_IF_API_FLAG_MASK_VNET=254, SUB_IF_API_FLAG_DOT1AH=256
enum address_family u8: ADDRESS_IP4=0, ADDRESS_IP6=1
alias ip4_address: u8[4]
alias ip6_address: u8[16]
union address_union: ip4_address ip4, ip6_address ip6
struct address: address_family af, address_union un
struct prefix: address address, u8 len
alias address_with_prefix: prefix
enum af_packet_mode u32: AF_PACKET_API_MODE_ETHERNET=1, AF_PACKET_API_MODE_IP=2
enum af_packet_flags u32: AF_PACKET_API_FLAG_QDISC_BYPASS=1, AF_PACKET_API_FLAG_CKSUM_GSO=2, AF_PACKET_API_FLAG_VERSION_2=8
enum memif_role u32: MEMIF_ROLE_API_MASTER=0, MEMIF_ROLE_API_SLAVE=1
enum memif_mode u32: MEMIF_MODE_API_ETHERNET=0, MEMIF_MODE_API_IP=1, MEMIF_MODE_API_PUNT_INJECT=2
struct ip4_prefix: ip4_address address, u8 len
alias ip4_address_with_prefix: ip4_prefix
struct ip6_prefix: ip6_address address, u8 len
alias ip6_address_with_prefix: ip6_prefix
enum tap_flags u32: TAP_API_FLAG_GSO=1, TAP_API_FLAG_CSUM_OFFLOAD=2, TAP_API_FLAG_PERSIST=4, TAP_API_FLAG_ATTACH=8, TAP_API_FLAG_TUN=16, TAP_API_FLAG_GRO_COALESCE=32, TAP_API_FLAG_PACKED=64, TAP_API_FLAG_IN_ORDER=128, TAP_API_FLAG_CONSISTENT_QP=256
enum lcp_itf_host_type u8: LCP_API_ITF_HOST_TAP=0, LCP_API_ITF_HOST_TUN=1
struct bridge_domain_sw_if: u32 context, interface_index sw_if_index, u8 shg
enum l2_port_type u32: L2_API_PORT_TYPE_NORMAL=0, L2_API_PORT_TYPE_BVI=1, L2_API_PORT_TYPE_UU_FWD=2
enum acl_action u8: ACL_ACTION_API_DENY=0, ACL_ACTION_API_PERMIT=1, ACL_ACTION_API_PERMIT_REFLECT=2
enum ip_proto u8: IP_API_PROTO_HOPOPT=0, IP_API_PROTO_ICMP=1, IP_API_PROTO_IGMP=2, IP_API_PROTO_TCP=6, IP_API_PROTO_UDP=17, IP_API_PROTO_GRE=47, IP_API_PROTO_ESP=50, IP_API_PROTO_AH=51, IP_API_PROTO_ICMP6=58, IP_API_PROTO_EIGRP=88, IP_API_PROTO_OSPF=89, IP_API_PROTO_SCTP=132, IP_API_PROTO_RESERVED=255
struct acl_rule: acl_action is_permit, prefix src_prefix, prefix dst_prefix, ip_proto proto, u16 srcport_or_icmptype_first, u16 srcport_or_icmptype_last, u16 dstport_or_icmpcode_first, u16 dstport_or_icmpcode_last, u8 tcp_flags_mask, u8 tcp_flags_value
enum fib_path_type u32: FIB_API_PATH_TYPE_NORMAL=0, FIB_API_PATH_TYPE_LOCAL=1, FIB_API_PATH_TYPE_DROP=2, FIB_API_PATH_TYPE_UDP_ENCAP=3, FIB_API_PATH_TYPE_BIER_IMP=4, FIB_API_PATH_TYPE_ICMP_UNREACH=5, FIB_API_PATH_TYPE_ICMP_PROHIBIT=6, FIB_API_PATH_TYPE_SOURCE_LOOKUP=7, FIB_API_PATH_TYPE_DVR=8, FIB_API_PATH_TYPE_INTERFACE_RX=9, FIB_API_PATH_TYPE_CLASSIFY=10
enum fib_path_flags u32: FIB_API_PATH_FLAG_NONE=0, FIB_API_PATH_FLAG_RESOLVE_VIA_ATTACHED=1, FIB_API_PATH_FLAG_RESOLVE_VIA_HOST=2, FIB_API_PATH_FLAG_POP_PW_CW=4
enum fib_path_nh_proto u32: FIB_API_PATH_NH_PROTO_IP4=0, FIB_API_PATH_NH_PROTO_IP6=1, FIB_API_PATH_NH_PROTO_MPLS=2, FIB_API_PATH_NH_PROTO_ETHERNET=3, FIB_API_PATH_NH_PROTO_BIER=4
struct fib_path_nh: address_union address, u32 via_label, u32 obj_id, u32 classify_table_index
struct fib_mpls_label: u8 is_uniform, u32 label, u8 ttl, u8 exp
struct fib_path: u32 sw_if_index, u32 table_id, u32 rpf_id, u8 weight, u8 preference, fib_path_type type, fib_path_flags flags, fib_path_nh_proto proto, fib_path_nh nh, u8 n_labels, fib_mpls_label label_stack[16]
struct abf_policy: u32 policy_id, u32 acl_index, u8 n_paths, fib_path paths[n_paths]
struct abf_itf_attach: u32 policy_id, interface_index sw_if_index, u32 priority, bool is_ipv6
struct ip_route: u32 table_id, u32 stats_index, prefix prefix, u8 n_paths, fib_path paths[n_paths]
struct ip_table: u32 table_id, bool is_ip6, string name[64]
enum ip_neighbor_flags u8: IP_API_NEIGHBOR_FLAG_NONE=0, IP_API_NEIGHBOR_FLAG_STATIC=1, IP_API_NEIGHBOR_FLAG_NO_FIB_ENTRY=2
struct ip_neighbor: interface_index sw_if_index, ip_neighbor_flags flags, mac_address mac_address, address ip_address
struct ip6nd_ra_prefix: prefix prefix, bool onlink_flag, bool autonomous_flag, u32 val_lifetime, u32 pref_lifetime, f64 valid_lifetime_expires, f64 pref_lifetime_expires, bool decrement_lifetime_flag, bool no_advertise
enum nat_config_flags u8: NAT_IS_NONE=0, NAT_IS_TWICE_NAT=1, NAT_IS_SELF_TWICE_NAT=2, NAT_IS_OUT2IN_ONLY=4, NAT_IS_ADDR_ONLY=8, NAT_IS_OUTSIDE=16, NAT_IS_INSIDE=32, NAT_IS_STATIC=64, NAT_IS_EXT_HOST_VALID=128
enum classify_action u8: CLASSIFY_API_ACTION_NONE=0, CLASSIFY_API_ACTION_SET_IP4_FIB_INDEX=1, CLASSIFY_API_ACTION_SET_IP6_FIB_INDEX=2, CLASSIFY_API_ACTION_SET_METADATA=3
enum trace_filter_flag u32: TRACE_FF_NONE=0, TRACE_FF_INCLUDE_NODE=1, TRACE_FF_EXCLUDE_NODE=2, TRACE_FF_INCLUDE_CLASSIFIER=3, TRACE_FF_EXCLUDE_CLASSIFIER=4
`

export const messageLines = `
# core
show_version 51077d14 ?
show_version_reply c919bde1 ! string program[32], string version[32], string build_date[32], string build_directory[256]
cli_inband f8377302 ? string cmd[]
cli_inband_reply 05879051 ! string reply[]
sw_interface_dump aa610c27 ? interface_index sw_if_index=4294967295, bool name_filter_valid, string name_filter[]
sw_interface_details 6c221fc7 * interface_index sw_if_index, u32 sup_sw_if_index, mac_address l2_address, if_status_flags flags, if_type type, link_duplex link_duplex, u32 link_speed, u16 link_mtu, u32 mtu[4], u32 sub_id, u8 sub_number_of_tags, u16 sub_outer_vlan_id, u16 sub_inner_vlan_id, sub_if_flags sub_if_flags, u32 vtr_op, u32 vtr_push_dot1q, u32 vtr_tag1, u32 vtr_tag2, u16 outer_tag, mac_address b_dmac, mac_address b_smac, u16 b_vlanid, u32 i_sid, string interface_name[64], string interface_dev_type[64], string tag[64]
sw_interface_set_flags f5aec1b8 ? interface_index sw_if_index, if_status_flags flags
sw_interface_add_del_address 5463d73b ? interface_index sw_if_index, bool is_add, bool del_all, address_with_prefix prefix
sw_interface_set_mtu 5cbe85e5 ? interface_index sw_if_index, u32 mtu[4]
sw_interface_set_interface_name 45a1d548 ? interface_index sw_if_index, string name[64]
sw_interface_tag_add_del 426f8bc1 ? bool is_add, interface_index sw_if_index, string tag[64]
sw_interface_set_mac_address c536e7eb ? interface_index sw_if_index, mac_address mac_address
create_vlan_subif af34ac8b ? interface_index sw_if_index, u32 vlan_id
create_vlan_subif_reply 5383d31f ! interface_index sw_if_index
create_subif 790ca755 ? interface_index sw_if_index, u32 sub_id, sub_if_flags sub_if_flags, u16 outer_vlan_id, u16 inner_vlan_id
create_subif_reply 5383d31f ! interface_index sw_if_index
delete_subif f9e6675e ? interface_index sw_if_index
create_loopback_instance d36a3ee2 ? mac_address mac_address, bool is_specified, u32 user_instance
create_loopback_instance_reply 5383d31f ! interface_index sw_if_index
delete_loopback f9e6675e ? interface_index sw_if_index
want_interface_events 476f5a08 ? u32 enable_disable, u32 pid
sw_interface_set_table df42a577 ? interface_index sw_if_index, bool is_ipv6, u32 vrf_id
sw_interface_set_unnumbered 154a6439 ? interface_index sw_if_index, interface_index unnumbered_sw_if_index, bool is_add
pcap_trace_on cb39e968 ? bool capture_rx, bool capture_tx, bool capture_drop, bool filter, bool preallocate_data, bool free_data, u32 max_packets=1000, u32 max_bytes_per_packet=512, interface_index sw_if_index, string error[128], string filename[64]
pcap_trace_off 51077d14 ?
classify_add_del_table 6849e39e ? bool is_add, bool del_chain, u32 table_index=4294967295, u32 nbuckets=2, u32 memory_size=2097152, u32 skip_n_vectors=0, u32 match_n_vectors=1, u32 next_table_index=4294967295, u32 miss_next_index=4294967295, u8 current_data_flag=0, i16 current_data_offset=0, u32 mask_len, u8 mask[mask_len]
classify_add_del_table_reply 05486349 ! u32 new_table_index, u32 skip_n_vectors, u32 match_n_vectors
classify_add_del_session f20879f0 ? bool is_add, u32 table_index, u32 hit_next_index=4294967295, u32 opaque_index=4294967295, i32 advance=0, classify_action action=0, u32 metadata=0, u32 match_len, u8 match[match_len]
classify_pcap_set_table 006051b3 ? interface_index sw_if_index, u32 table_index=4294967295, bool sort_masks=0
classify_pcap_set_table_reply 9c6c6773 ! u32 table_index
classify_pcap_get_tables f9e6675e ? interface_index sw_if_index
classify_pcap_get_tables_reply 5f5bc9e6 ! u32 count, u32 indices[count]
hw_interface_set_mtu e6746899 ? interface_index sw_if_index, u16 mtu
sw_interface_event 2d3d95a7 - u32 client_index, u32 pid, interface_index sw_if_index, if_status_flags flags, bool deleted
ip_address_dump 2d033de4 ? interface_index sw_if_index, bool is_ipv6
ip_address_details ee29b797 * interface_index sw_if_index, address_with_prefix prefix
sw_interface_ip6_enable_disable ae6cfcfb ? interface_index sw_if_index, bool enable
ip_route_add_del b8ecfe0d ? bool is_add=true, bool is_multipath, ip_route route
ip_route_add_del_reply 1992deab ! u32 stats_index
ip_route_dump b9d2e09e ? ip_table table
ip_route_details bda8f315 * ip_route route
ip_route_lookup 710d6471 ? u32 table_id, u8 exact, prefix prefix
ip_route_lookup_reply 5d8febcb ! ip_route route
ip_table_add_del 0ffdaec0 ? bool is_add=true, ip_table table
tap_create_v3 3f3fd1df ? u32 id=4294967295, bool use_random_mac=true, mac_address mac_address, u16 num_rx_queues=1, u16 num_tx_queues=1, u16 tx_ring_sz=256, u16 rx_ring_sz=256, bool host_mtu_set, u32 host_mtu_size, bool host_mac_addr_set, mac_address host_mac_addr, bool host_ip4_prefix_set, ip4_address_with_prefix host_ip4_prefix, bool host_ip6_prefix_set, ip6_address_with_prefix host_ip6_prefix, bool host_ip4_gw_set, ip4_address host_ip4_gw, bool host_ip6_gw_set, ip6_address host_ip6_gw, tap_flags tap_flags, bool host_namespace_set, string host_namespace[64], bool host_if_name_set, string host_if_name[64], bool host_bridge_set, string host_bridge[64], string tag[]
tap_create_v3_reply 5383d31f ! interface_index sw_if_index
tap_delete_v2 f9e6675e ? interface_index sw_if_index
bridge_domain_add_del_v2 600b7170 ? u32 bd_id, bool flood, bool uu_flood, bool forward, bool learn, bool arp_term, bool arp_ufwd, u8 mac_age, string bd_tag[64], bool is_add=true
bridge_domain_add_del_v2_reply fcb1e980 ! u32 bd_id
bridge_domain_dump 74396a43 ? u32 bd_id=4294967295, interface_index sw_if_index=4294967295
bridge_domain_details 0fa506fd * u32 bd_id, bool flood, bool uu_flood, bool forward, bool learn, bool arp_term, bool arp_ufwd, u8 mac_age, string bd_tag[64], interface_index bvi_sw_if_index, interface_index uu_fwd_sw_if_index, u32 n_sw_ifs, bridge_domain_sw_if sw_if_details[n_sw_ifs]
sw_interface_set_l2_bridge d0678b13 ? interface_index rx_sw_if_index, u32 bd_id, l2_port_type port_type, u8 shg, bool enable=true
sw_interface_set_l2_xconnect 4fa28a85 ? interface_index rx_sw_if_index, interface_index tx_sw_if_index, bool enable=true
l2_xconnect_dump 51077d14 ?
l2_xconnect_details 472b6b67 * interface_index rx_sw_if_index, interface_index tx_sw_if_index
l2_interface_vlan_tag_rewrite 62cc0bbc ? interface_index sw_if_index, u32 vtr_op, u32 push_dot1q, u32 tag1, u32 tag2
ip_neighbor_dump d817a484 ? interface_index sw_if_index=4294967295, address_family af
ip_neighbor_details e29d79f0 * f64 age, ip_neighbor neighbor
ip_neighbor_add_del 0607c257 ? bool is_add, ip_neighbor neighbor
ip_neighbor_add_del_reply 1992deab ! u32 stats_index
sw_interface_ip6nd_ra_config 3eb00b1c ? interface_index sw_if_index, u8 suppress, u8 managed, u8 other, u8 ll_option, u8 send_unicast, u8 cease, bool is_no, u8 default_router, u32 max_interval, u32 min_interval, u32 lifetime, u32 initial_count, u32 initial_interval
sw_interface_ip6nd_ra_prefix 82cc1b28 ? interface_index sw_if_index, prefix prefix, bool use_default, bool no_advertise, bool off_link, bool no_autoconfig, bool no_onlink, bool is_no, u32 val_lifetime, u32 pref_lifetime
sw_interface_ip6nd_ra_dump f9e6675e ? interface_index sw_if_index
sw_interface_ip6nd_ra_details d3198de5 * interface_index sw_if_index, u8 cur_hop_limit, bool adv_managed_flag, bool adv_other_flag, u16 adv_router_lifetime, u32 adv_neighbor_reachable_time, u32 adv_retransmit_interval, u32 adv_link_mtu, bool send_radv, bool cease_radv, bool send_unicast, bool adv_link_layer_address, f64 max_radv_interval, f64 min_radv_interval, f64 last_radv_time, f64 last_multicast_time, f64 next_multicast_time, u32 initial_adverts_count, f64 initial_adverts_interval, bool initial_adverts_sent, u32 n_advertisements_sent, u32 n_solicitations_rcvd, u32 n_solicitations_dropped, u32 n_prefixes, ip6nd_ra_prefix prefixes[n_prefixes]
# af_packet_plugin.so
af_packet_create_v3 b3a809d4 ? af_packet_mode mode, mac_address hw_addr, bool use_random_hw_addr, string host_if_name[64], u32 rx_frame_size, u32 tx_frame_size, u32 rx_frames_per_block, u32 tx_frames_per_block, af_packet_flags flags, u16 num_rx_queues=1, u16 num_tx_queues=1
af_packet_create_v3_reply 5383d31f ! interface_index sw_if_index
af_packet_delete 863fa648 ? string host_if_name[64]
af_packet_dump 51077d14 ?
af_packet_details 58c7c042 * interface_index sw_if_index, string host_if_name[64]
# memif_plugin.so
memif_socket_filename_add_del_v2 34223bdf ? bool is_add, u32 socket_id=4294967295, string socket_filename[]
memif_socket_filename_add_del_v2_reply 9f29bdb9 ! u32 socket_id
memif_socket_filename_dump 51077d14 ?
memif_socket_filename_details 7ff326f7 * u32 socket_id, string socket_filename[108]
memif_create_v2 8c7de5f7 ? memif_role role, memif_mode mode, u8 rx_queues, u8 tx_queues, u32 id, u32 socket_id, u32 ring_size, u16 buffer_size, bool no_zero_copy, bool use_dma, mac_address hw_addr, string secret[24]
memif_create_v2_reply 5383d31f ! interface_index sw_if_index
memif_delete f9e6675e ? interface_index sw_if_index
memif_dump 51077d14 ?
memif_details da34feb9 * interface_index sw_if_index, mac_address hw_addr, u32 id, memif_role role, memif_mode mode, bool zero_copy, u32 socket_id, u32 ring_size, u16 buffer_size, if_status_flags flags, string if_name[64]
# linux_cp_plugin.so
lcp_default_ns_set 69749409 ? string netns[32]
lcp_default_ns_get 51077d14 ?
lcp_default_ns_get_reply 5102feee * string netns[32]
lcp_itf_pair_add_del_v3 40482b80 ? bool is_add, interface_index sw_if_index, string host_if_name[16], lcp_itf_host_type host_if_type, string netns[32]
lcp_itf_pair_add_del_v3_reply c2502663 ! u32 vif_index, interface_index host_sw_if_index
lcp_itf_pair_get_v2 47250981 ? lcp_itf_pair_details u32 cursor, interface_index sw_if_index
lcp_itf_pair_get_v2_reply 53b48f5d ! u32 cursor
lcp_itf_pair_details 8b5481af * interface_index phy_sw_if_index, interface_index host_sw_if_index, u32 vif_index, string host_if_name[16], lcp_itf_host_type host_if_type, string netns[32]
lcp_itf_pair_replace_begin 51077d14 ?
lcp_itf_pair_replace_end 51077d14 ?
# acl_plugin.so
acl_add_replace ee5c2f18 ? u32 acl_index, string tag[64], u32 count, acl_rule r[count]
acl_add_replace_reply ac407b0c * u32 acl_index, i32 retval
acl_del ef34fea4 ? u32 acl_index
acl_dump ef34fea4 ? u32 acl_index
acl_details 95babae0 * u32 acl_index, string tag[64], u32 count, acl_rule r[count]
# abf_plugin.so
abf_policy_add_del c6131197 ? bool is_add, abf_policy policy
abf_policy_dump 51077d14 ?
abf_policy_details b7487fa4 * abf_policy policy
abf_itf_attach_add_del 25c8621b ? bool is_add, abf_itf_attach attach
abf_itf_attach_dump 51077d14 ?
abf_itf_attach_details 7819523e * abf_itf_attach attach
# det44_plugin.so
det44_plugin_enable_disable 617b6bf8 ? u32 inside_vrf, u32 outside_vrf, bool enable
det44_interface_add_del_feature dc17a836 ? bool is_add, bool is_inside, interface_index sw_if_index
det44_interface_dump 51077d14 ?
det44_interface_details e60cc5be * bool is_inside, bool is_outside, interface_index sw_if_index
det44_add_del_map 1150a190 ? bool is_add, ip4_address in_addr, u8 in_plen, ip4_address out_addr, u8 out_plen
det44_map_dump 51077d14 ?
det44_map_details ad91dc83 * ip4_address in_addr, u8 in_plen, ip4_address out_addr, u8 out_plen, u32 sharing_ratio, u16 ports_per_host, u32 ses_num
det44_forward 7f8a89cd ? ip4_address in_addr
det44_forward_reply a8ccbdc0 ! u16 out_port_lo, u16 out_port_hi, ip4_address out_addr
det44_reverse a7573fe1 ? u16 out_port, ip4_address out_addr
det44_reverse_reply 34066d48 ! ip4_address in_addr
det44_get_timeouts 51077d14 ?
det44_get_timeouts_reply 3c4df4e1 ! u32 udp, u32 tcp_established, u32 tcp_transitory, u32 icmp
det44_set_timeouts d4746b16 ? u32 udp, u32 tcp_established, u32 tcp_transitory, u32 icmp
det44_session_dump e45a3af7 ? ip4_address user_addr
det44_session_details 27f3c171 * u16 in_port, ip4_address ext_addr, u16 ext_port, u16 out_port, u8 state, u32 expire
det44_close_session_out f6b259d1 ? ip4_address out_addr, u16 out_port, ip4_address ext_addr, u16 ext_port
det44_close_session_in 3c68e073 ? ip4_address in_addr, u16 in_port, ip4_address ext_addr, u16 ext_port
# nat64_plugin.so
nat64_plugin_enable_disable 45948b90 ? u32 bib_buckets, u32 bib_memory_size, u32 st_buckets, u32 st_memory_size, bool enable
nat64_add_del_prefix 727b2f4c ? ip6_prefix prefix, u32 vrf_id, bool is_add
nat64_prefix_dump 51077d14 ?
nat64_prefix_details 20568de3 * ip6_prefix prefix, u32 vrf_id
nat64_add_del_pool_addr_range a3b944e3 ? ip4_address start_addr, ip4_address end_addr, u32 vrf_id, bool is_add
nat64_pool_addr_dump 51077d14 ?
nat64_pool_addr_details 9bb99cdb * ip4_address address, u32 vrf_id
nat64_add_del_interface f3699b83 ? bool is_add, nat_config_flags flags, interface_index sw_if_index
nat64_interface_dump 51077d14 ?
nat64_interface_details 5d286289 * nat_config_flags flags, interface_index sw_if_index
nat64_bib_dump cfcb6b75 ? u8 proto
nat64_bib_details 43bc3ddf * ip6_address i_addr, ip4_address o_addr, u16 i_port, u16 o_port, u32 vrf_id, u8 proto, nat_config_flags flags, u32 ses_num
nat64_st_dump cfcb6b75 ? u8 proto
nat64_st_details dd3361ed * ip6_address il_addr, ip4_address ol_addr, u16 il_port, u16 ol_port, ip6_address ir_addr, ip4_address or_addr, u16 r_port, u32 vrf_id, u8 proto
nat64_get_timeouts 51077d14 ?
nat64_get_timeouts_reply 3c4df4e1 ! u32 udp, u32 tcp_established, u32 tcp_transitory, u32 icmp
nat64_set_timeouts d4746b16 ? u32 udp, u32 tcp_established, u32 tcp_transitory, u32 icmp
# tracedump_plugin.so
trace_capture_packets 9e791a9b ? u32 node_index, u32 max_packets, bool use_filter, bool verbose, bool pre_capture_clear
trace_clear_cache 51077d14 ?
trace_set_filters f522b44a ? trace_filter_flag flag, u32 count, u32 node_index=4294967295, u32 classifier_table_index=4294967295
trace_filter_function_dump 51077d14 ?
trace_filter_function_details 28821359 * bool selected, string name[]
`
