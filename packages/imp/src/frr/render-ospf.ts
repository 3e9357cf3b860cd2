/** The routers of ospfd and ospf6d. */
import type { RouterConfig } from '../config/model.ts'
import { ospf6RouterId, ospfRouterId } from '../routing/model.ts'
import { block, type Block } from './document.ts'

function router(word: 'ospf' | 'ospf6', routerId: string | undefined, defaultOriginate: boolean): Block {
  return block(`router ${word}`, [
    ...(routerId === undefined ? [] : [`${word} router-id ${routerId}`]),
    ...(defaultOriginate ? ['default-information originate'] : []),
  ])
}

/** Blocks `router ospf` and `router ospf6`, where the configuration has them. */
export function renderOspf(config: RouterConfig): Block[] {
  return [
    ...(config.ospf === undefined ? [] : [router('ospf', ospfRouterId(config), config.ospf.defaultOriginate)]),
    ...(config.ospf6 === undefined ? [] : [router('ospf6', ospf6RouterId(config), config.ospf6.defaultOriginate)]),
  ]
}
