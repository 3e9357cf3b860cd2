/** What a fake VPP joins: host interfaces, memif, taps, twins of Linux, bridges and cross-connects. */
import { flagAt, numberAt, textAt } from '../api/fields.ts'
import { onInterface, type Handler, type Handlers, type Reply } from './handler.ts'
import { addInterface, noInterface, removeInterface, type FakeInterface, type FakeState } from './state.ts'

const createHostInterface: Handler = (state, fields, { links }) => {
  const hostName = textAt(fields, 'host_if_name')
  if (numberAt(fields, 'mode') === 0) return -7
  if (links?.has(hostName) === false) return -71
  if ([...state.interfaces.values()].some((each) => each.hostName === hostName)) return -79
  return { sw_if_index: addInterface(state, { name: `host-${hostName}`, driver: 'af-packet', hostName }).index }
}

const deleteHostInterface: Handler = (state, fields) => {
  const found = [...state.interfaces.values()].find((each) => each.hostName === textAt(fields, 'host_if_name'))
  if (found === undefined) return -2
  removeInterface(state, found.index)
  return 0
}

function memifsOn(state: FakeState, socket: number): FakeInterface[] {
  return [...state.interfaces.values()].filter((each) => each.memif?.socket === socket)
}

const changeSocket: Handler = (state, fields) => {
  const id = numberAt(fields, 'socket_id')
  const path = textAt(fields, 'socket_filename')
  if (flagAt(fields, 'is_add')) {
    const present = state.sockets.get(id)
    if (present !== undefined && present !== path) return { retval: -116, socket_id: noInterface }
    state.sockets.set(id, path)
    return { socket_id: id }
  }
  if (!state.sockets.has(id)) return { retval: -73, socket_id: noInterface }
  if (memifsOn(state, id).length > 0) return { retval: -74, socket_id: noInterface }
  state.sockets.delete(id)
  return { socket_id: id }
}

const createMemif: Handler = (state, fields) => {
  const [id, socket, role] = [numberAt(fields, 'id'), numberAt(fields, 'socket_id'), numberAt(fields, 'role')]
  if (!state.sockets.has(socket)) return -73
  if (memifsOn(state, socket).some((each) => each.memif?.id === id)) return -68
  if (memifsOn(state, socket).some((each) => each.memif?.role !== role)) return -73
  const mac = textAt(fields, 'hw_addr')
  return { sw_if_index: addInterface(state, { name: `memif${socket}/${id}`, driver: 'memif', memif: { id, socket, role }, mac }).index }
}

function addPair(each: FakeInterface, hostName: string, netns: string, state: FakeState): Reply {
  if (state.pairs.has(each.index)) return -81
  if (hostName.length > 15 || hostName.includes('/') || each.driver === 'local') return -73
  if (each.parent !== each.index && !state.pairs.has(each.parent)) return -2
  // A name that another pair has is taken a second time: both then mirror one device.
  const same = [...state.pairs.values()].find((pair) => pair.hostName === hostName)
  const twin = same?.twin ?? addInterface(state, { name: `tap${4096 + state.nextVif}`, driver: 'virtio', up: true }).index
  const vif = same?.vif ?? state.nextVif
  state.nextVif += 1
  state.pairs.set(each.index, { interface: each.index, twin, vif, hostName, netns })
  return { vif_index: vif, host_sw_if_index: twin }
}

function removePair(each: FakeInterface, state: FakeState): Reply {
  const pair = state.pairs.get(each.index)
  if (pair === undefined) return -2
  state.pairs.delete(each.index)
  if (![...state.pairs.values()].some((other) => other.twin === pair.twin)) removeInterface(state, pair.twin)
  return { vif_index: pair.vif, host_sw_if_index: pair.twin }
}

const changePair: Handler = (state, fields, { namespaces }) => {
  const each = state.interfaces.get(numberAt(fields, 'sw_if_index'))
  if (each === undefined) return -2
  if (!flagAt(fields, 'is_add')) return removePair(each, state)
  const asked = textAt(fields, 'netns')
  const netns = asked === '' ? state.defaultNetns : asked
  if (netns !== '' && namespaces?.has(netns) === false) return -12
  return addPair(each, textAt(fields, 'host_if_name'), netns, state)
}

function membersOf(state: FakeState, id: number): FakeInterface[] {
  return [...state.interfaces.values()].filter((each) => each.bridge?.id === id)
}

const changeBridge: Handler = (state, fields) => {
  const id = numberAt(fields, 'bd_id')
  if (flagAt(fields, 'is_add')) {
    if (state.bridges.has(id)) return { retval: -119, bd_id: id }
    state.bridges.set(id, { id, fields })
    return { bd_id: id }
  }
  if (!state.bridges.has(id)) return { retval: -6, bd_id: id }
  if (membersOf(state, id).length > 0) return { retval: -120, bd_id: id }
  state.bridges.delete(id)
  return { bd_id: id }
}

/** A bridge domain that is not there is made; leaving one makes a port routed again and takes its tag rewrite. */
function joinBridge(each: FakeInterface, id: number, bvi: boolean, state: FakeState): Reply {
  if (bvi && membersOf(state, id).some((other) => other !== each && other.bridge?.bvi === true)) return -152
  if (!state.bridges.has(id)) state.bridges.set(id, { id, fields: { learn: true, forward: true, flood: true, uu_flood: true } })
  delete each.crossConnect
  each.bridge = { id, bvi }
  return 0
}

function leaveLayer2(each: FakeInterface): Reply {
  delete each.bridge
  delete each.crossConnect
  each.rewrite = {}
  return 0
}

export const linkHandlers: Handlers = {
  af_packet_create_v3: createHostInterface,
  af_packet_delete: deleteHostInterface,
  af_packet_dump: (state) =>
    [...state.interfaces.values()].flatMap(({ index, hostName }) =>
      hostName === undefined ? [] : [{ sw_if_index: index, host_if_name: hostName }],
    ),
  memif_socket_filename_add_del_v2: changeSocket,
  memif_socket_filename_dump: (state) => [...state.sockets].map(([socket_id, socket_filename]) => ({ socket_id, socket_filename })),
  memif_create_v2: createMemif,
  memif_delete: onInterface('sw_if_index', (each, _fields, state) => {
    if (each.memif === undefined) return -2
    removeInterface(state, each.index)
    return 0
  }),
  memif_dump: (state) =>
    [...state.interfaces.values()].flatMap(({ index, mac, memif, name, up }) =>
      memif === undefined
        ? []
        : [{ sw_if_index: index, hw_addr: mac, id: memif.id, role: memif.role, socket_id: memif.socket, flags: up ? 3 : 0, if_name: name }],
    ),
  tap_create_v3: (state, fields) => {
    const id = numberAt(fields, 'id')
    return { sw_if_index: addInterface(state, { name: `tap${id === noInterface ? 0 : id}`, driver: 'virtio' }).index }
  },
  tap_delete_v2: onInterface('sw_if_index', (each, _fields, state) => {
    removeInterface(state, each.index)
    return 0
  }),
  lcp_default_ns_set: (state, fields) => {
    state.defaultNetns = textAt(fields, 'netns')
    return 0
  },
  lcp_default_ns_get: (state) => ({ netns: state.defaultNetns }),
  lcp_itf_pair_add_del_v3: changePair,
  lcp_itf_pair_get_v2: (state) =>
    [...state.pairs.values()].map((pair) => ({
      phy_sw_if_index: pair.interface,
      host_sw_if_index: pair.twin,
      vif_index: pair.vif,
      host_if_name: pair.hostName,
      host_if_type: 0,
      netns: pair.netns,
    })),
  lcp_itf_pair_replace_begin: () => 0,
  lcp_itf_pair_replace_end: () => 0,
  bridge_domain_add_del_v2: changeBridge,
  bridge_domain_dump: (state) =>
    [...state.bridges.values()].map(({ id, fields }) => {
      const members = membersOf(state, id)
      return {
        bd_id: id,
        flood: flagAt(fields, 'flood'),
        uu_flood: flagAt(fields, 'uu_flood'),
        forward: flagAt(fields, 'forward'),
        learn: flagAt(fields, 'learn'),
        mac_age: numberAt(fields, 'mac_age'),
        bd_tag: textAt(fields, 'bd_tag'),
        bvi_sw_if_index: members.find((each) => each.bridge?.bvi === true)?.index ?? noInterface,
        uu_fwd_sw_if_index: noInterface,
        sw_if_details: members.map((each) => ({ sw_if_index: each.index })),
      }
    }),
  sw_interface_set_l2_bridge: onInterface('rx_sw_if_index', (each, fields, state) =>
    flagAt(fields, 'enable') ? joinBridge(each, numberAt(fields, 'bd_id'), numberAt(fields, 'port_type') === 1, state) : leaveLayer2(each),
  ),
  sw_interface_set_l2_xconnect: onInterface('rx_sw_if_index', (each, fields, state) => {
    if (!flagAt(fields, 'enable')) return leaveLayer2(each)
    if (!state.interfaces.has(numberAt(fields, 'tx_sw_if_index'))) return -2
    delete each.bridge
    each.crossConnect = numberAt(fields, 'tx_sw_if_index')
    return 0
  }),
  l2_xconnect_dump: (state) =>
    [...state.interfaces.values()].flatMap(({ index, crossConnect }) =>
      crossConnect === undefined ? [] : [{ rx_sw_if_index: index, tx_sw_if_index: crossConnect }],
    ),
  l2_interface_vlan_tag_rewrite: onInterface('sw_if_index', (each, fields) => {
    if (each.subFlags === 0 && numberAt(fields, 'vtr_op') !== 0) return -72
    each.rewrite = fields
    return 0
  }),
}
