/** Access lists, steering by them, routes and neighbours of a fake VPP. */
import { parseInterfaceAddress } from '@imp/kit/base/ip.ts'
import type { Fields } from '../api/layout.ts'
import { fieldsAt, flagAt, numberAt, rowsAt, textAt } from '../api/fields.ts'
import type { Crash, Handler, Handlers, Reply } from './handler.ts'
import type { FakeState } from './state.ts'

const newAcl = 0xffff_ffff
const segmentationFault: Crash = { crash: 'SIGSEGV' }

/** Prefixes longer than their address, or of two families, are refused with the index that was asked for. */
function isSound(rule: Fields): boolean {
  const source = parseInterfaceAddress(textAt(rule, 'src_prefix'))
  return source.family === parseInterfaceAddress(textAt(rule, 'dst_prefix')).family
}

const replaceAcl: Handler = (state, fields) => {
  const asked = numberAt(fields, 'acl_index')
  const rules = rowsAt(fields, 'r')
  if (!rules.every(isSound)) return { retval: -57, acl_index: asked }
  if (asked !== newAcl && !state.acls.has(asked)) return { retval: -6, acl_index: asked }
  const free = Array.from({ length: state.acls.size + 1 }, (_, index) => index).find((index) => !state.acls.has(index)) ?? 0
  const index = asked === newAcl ? free : asked
  state.acls.set(index, { tag: textAt(fields, 'tag'), rules })
  return { acl_index: index }
}

const deleteAcl: Handler = (state, fields) => {
  const index = numberAt(fields, 'acl_index')
  if (!state.acls.has(index)) return -6
  // A policy looks its list up from the moment that it is attached.
  const used = [...state.policies].some(([id, policy]) => policy.acl === index && state.attachments.some((each) => each.policy === id))
  if (used) return -149
  state.acls.delete(index)
  return 0
}

function samePath(a: Fields, b: Fields): boolean {
  return a['sw_if_index'] === b['sw_if_index'] && JSON.stringify(a['nh']) === JSON.stringify(b['nh'])
}

/** Adding to a policy that is there adds a path; taking the last path away takes the policy, also while it is attached. */
const changePolicy: Handler = (state, fields) => {
  const policy = fieldsAt(fields, 'policy')
  const id = numberAt(policy, 'policy_id')
  const paths = rowsAt(policy, 'paths')
  const present = state.policies.get(id)
  if (flagAt(fields, 'is_add')) {
    if (present === undefined) state.policies.set(id, { acl: numberAt(policy, 'acl_index'), paths: [...paths] })
    else present.paths.push(...paths.filter((path) => !present.paths.some((each) => samePath(each, path))))
    return 0
  }
  if (present === undefined) return -7
  const left = present.paths.filter((path) => !paths.some((each) => samePath(each, path)))
  if (left.length === 0) state.policies.delete(id)
  else state.policies.set(id, { ...present, paths: left })
  return 0
}

const changeAttachment: Handler = (state, fields) => {
  const attach = fieldsAt(fields, 'attach')
  const made = {
    policy: numberAt(attach, 'policy_id'),
    interface: numberAt(attach, 'sw_if_index'),
    priority: numberAt(attach, 'priority'),
    ip6: flagAt(attach, 'is_ipv6'),
  }
  const same = state.attachments.find((each) => each.policy === made.policy && each.interface === made.interface && each.ip6 === made.ip6)
  if (flagAt(fields, 'is_add')) {
    if (!state.policies.has(made.policy)) return segmentationFault
    if (same !== undefined) return -116
    state.attachments.push(made)
    return 0
  }
  if (same === undefined) return -6
  state.attachments = state.attachments.filter((each) => each !== same)
  return 0
}

/** Looking at what still refers to a policy that is gone is fatal. */
function unlessDangling(state: FakeState, rows: () => Fields[]): Reply {
  return state.attachments.some((each) => !state.policies.has(each.policy)) ? segmentationFault : rows()
}

function routeKey(route: Fields): string {
  return `${numberAt(route, 'table_id')} ${textAt(route, 'prefix')}`
}

const changeRoute: Handler = (state, fields) => {
  const route = fieldsAt(fields, 'route')
  const key = routeKey(route)
  const paths = rowsAt(route, 'paths')
  const present = rowsAt(state.routes.get(key) ?? {}, 'paths')
  const others = present.filter((path) => !paths.some((each) => samePath(each, path)))
  const kept = flagAt(fields, 'is_multipath') ? others : []
  const left = flagAt(fields, 'is_add') ? [...kept, ...paths] : kept
  if (left.length === 0) state.routes.delete(key)
  else state.routes.set(key, { ...route, paths: left })
  return { stats_index: 0 }
}

export const policyHandlers: Handlers = {
  acl_add_replace: replaceAcl,
  acl_del: deleteAcl,
  acl_dump: (state, fields) => {
    const asked = numberAt(fields, 'acl_index')
    return [...state.acls]
      .filter(([index]) => asked === newAcl || index === asked)
      .map(([acl_index, { tag, rules }]) => ({ acl_index, tag, r: rules }))
  },
  abf_policy_add_del: changePolicy,
  abf_policy_dump: (state) =>
    unlessDangling(state, () =>
      [...state.policies].map(([policy_id, { acl, paths }]) => ({ policy: { policy_id, acl_index: acl, paths } })),
    ),
  abf_itf_attach_add_del: changeAttachment,
  abf_itf_attach_dump: (state) =>
    unlessDangling(state, () =>
      state.attachments.map((each) => ({
        attach: { policy_id: each.policy, sw_if_index: each.interface, priority: each.priority, is_ipv6: each.ip6 },
      })),
    ),
  ip_route_add_del: changeRoute,
  ip_route_dump: (state, fields) => {
    const table = fieldsAt(fields, 'table')
    return [...state.routes.values()]
      .filter(
        (route) =>
          numberAt(route, 'table_id') === numberAt(table, 'table_id') && textAt(route, 'prefix').includes(':') === flagAt(table, 'is_ip6'),
      )
      .map((route) => ({ route }))
  },
  ip_route_lookup: (state, fields) => {
    const found = state.routes.get(`${numberAt(fields, 'table_id')} ${textAt(fields, 'prefix')}`)
    return found === undefined ? { retval: -6, route: { prefix: textAt(fields, 'prefix') } } : { route: found }
  },
  ip_table_add_del: () => 0,
  ip_neighbor_add_del: (state, fields) => {
    const neighbour = fieldsAt(fields, 'neighbor')
    const key = `${numberAt(neighbour, 'sw_if_index')} ${textAt(neighbour, 'ip_address')}`
    if (flagAt(fields, 'is_add')) state.neighbours.set(key, neighbour)
    else state.neighbours.delete(key)
    return { stats_index: 0 }
  },
  ip_neighbor_dump: (state, fields) =>
    [...state.neighbours.values()]
      .filter((each) => textAt(each, 'ip_address').includes(':') === (numberAt(fields, 'af') === 1))
      .map((neighbor) => ({ age: 0, neighbor })),
}
