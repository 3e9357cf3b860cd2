/** Lines of a fake VPP's command line that change it, done by its messages: those that begin the configuration of a process. */
import type { Fields } from '../api/layout.ts'
import type { FakeOptions, Handlers, Reply } from './handler.ts'
import type { FakeState } from './state.ts'

/** Everything around one line. */
interface Around {
  readonly state: FakeState
  readonly options: FakeOptions
  readonly handlers: Handlers
}

type Line = (words: readonly string[], around: Around) => { readonly retval?: number; readonly reply: string }

function ask({ state, options, handlers }: Around, message: string, fields: Fields): Reply {
  return handlers[message]?.(state, fields, options) ?? -9
}

function answered(reply: Reply, text = ''): ReturnType<Line> {
  return typeof reply === 'number' && reply < 0 ? { retval: -1, reply: `failed: ${reply}\n` } : { reply: text }
}

function indexOf({ state }: Around, name: string): number {
  return [...state.interfaces.values()].find((each) => each.name === name)?.index ?? -1
}

const lines: readonly (readonly [RegExp, Line])[] = [
  [
    /^create memif socket id (\d+) filename (\S+)$/,
    ([id, path = ''], around) =>
      answered(ask(around, 'memif_socket_filename_add_del_v2', { is_add: true, socket_id: Number(id), socket_filename: path })),
  ],
  [
    /^create interface memif id 0 socket-id (\d+) hw-addr (\S+) (slave|master)$/,
    ([socket, mac = '', role], around) =>
      answered(
        ask(around, 'memif_create_v2', {
          role: role === 'master' ? 0 : 1,
          mode: 0,
          rx_queues: 1,
          tx_queues: 1,
          id: 0,
          socket_id: Number(socket),
          ring_size: 1024,
          buffer_size: 2048,
          hw_addr: mac,
        }),
      ),
  ],
  [
    /^create loopback interface instance (\d+)$/,
    ([instance], around) => {
      const made = ask(around, 'create_loopback_instance', { is_specified: true, user_instance: Number(instance) })
      return answered(made, `loop${instance}\n`)
    },
  ],
  [
    /^set interface name (\S+) (\S+)$/,
    ([name = '', other = ''], around) =>
      answered(ask(around, 'sw_interface_set_interface_name', { sw_if_index: indexOf(around, name), name: other })),
  ],
  [
    /^set interface state (\S+) up$/,
    ([name = ''], around) => answered(ask(around, 'sw_interface_set_flags', { sw_if_index: indexOf(around, name), flags: 1 })),
  ],
  // What is behind an interface that is there needs nothing of the state.
  [
    /^(?:set interface (?:mtu packet|ip address)|enable ip6 interface) .*?(memif\S+)/,
    ([name = ''], around) => (indexOf(around, name) < 0 ? { retval: -1, reply: `unknown interface \`${name}'\n` } : { reply: '' }),
  ],
  [
    /^ip route add \S+ via \S+ (\S+)$/,
    ([name = ''], around) => (indexOf(around, name) < 0 ? { retval: -1, reply: 'no interface\n' } : { reply: '' }),
  ],
  [
    /^set ip neighbor (\S+) (\S+) (\S+) static$/,
    ([name = '', ip_address = '', mac_address = ''], around) => {
      const neighbor = { sw_if_index: indexOf(around, name), flags: 1, mac_address, ip_address }
      return answered(ask(around, 'ip_neighbor_add_del', { is_add: true, neighbor }))
    },
  ],
  [
    /^nat64 plugin enable bib-buckets \d+ st-buckets \d+$/,
    (_, around) =>
      ask(around, 'nat64_plugin_enable_disable', { enable: true }) === 0 ? { reply: '' } : { retval: -1, reply: 'plugin enable failed\n' },
  ],
  [
    /^nat64 add prefix (\S+)$/,
    ([prefix = ''], around) => answered(ask(around, 'nat64_add_del_prefix', { is_add: true, prefix, vrf_id: 0 })),
  ],
  [
    /^nat64 add pool address (\S+)(?: - (\S+))?$/,
    ([start_addr = '', end_addr = start_addr], around) =>
      answered(ask(around, 'nat64_add_del_pool_addr_range', { is_add: true, start_addr, end_addr, vrf_id: 0 })),
  ],
  [
    /^set interface nat64 (in|out) (\S+)$/,
    ([side, name = ''], around) =>
      answered(
        ask(around, 'nat64_add_del_interface', { is_add: true, flags: side === 'in' ? 32 : 16, sw_if_index: indexOf(around, name) }),
      ),
  ],
]

/** The answer to a line that changes something; undefined for one that is not known. */
export function runLine(line: string, around: Around): Fields | undefined {
  for (const [pattern, run] of lines) {
    const match = pattern.exec(line)
    if (match !== null) return run(match.slice(1), around)
  }
  return undefined
}
