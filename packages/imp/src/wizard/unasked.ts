/** What a configuration has that no question is about, so that nobody fears for it. Pure. */
import { count } from '@imp/kit/base/text.ts'
import type { RouterConfigInput } from '../config/model.ts'
import { isDefault } from './existing.ts'

function counted(list: readonly unknown[] | undefined, one: string): string[] {
  return list === undefined || list.length === 0 ? [] : [count(list.length, one)]
}

function there(section: unknown, name: string): string[] {
  return section === undefined ? [] : [name]
}

/** Words for what stays as it is, whatever the answers are. */
export function unasked(document: RouterConfigInput): string[] {
  return [
    ...counted(
      document.interfaces?.flatMap(({ subinterfaces = [] }) => subinterfaces),
      'VLAN',
    ),
    ...counted(document.loopbacks, 'loopback'),
    ...counted(document.bridges, 'bridge'),
    ...counted(document.crossConnects, 'cross-connect'),
    ...counted(
      document.routes?.filter((route) => !isDefault(route)),
      'static route',
    ),
    ...counted(document.policyRoutes, 'policy route'),
    ...there(document.ospf, 'OSPF'),
    ...there(document.ospf6, 'OSPFv3'),
    ...there(document.container, 'the container network'),
    ...counted(document.modules, 'module'),
  ]
}
