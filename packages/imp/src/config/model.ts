/** The configuration of a router: `router.json`, the models of all rooms in one strict object. */
import { z } from 'zod'
import { HostName, Name } from '@imp/kit/base/schema.ts'
import { Container } from '../containers/model.ts'
import { Bridge, CrossConnect, Interface, Loopback } from '../interfaces/model.ts'
import { Management } from '../management/model.ts'
import { Nat } from '../nat/model.ts'
import { Bgp, Ospf, Ospf6, PolicyRoute, Route, maximumPolicyRoutes } from '../routing/model.ts'

/** Name of the schema in the document's envelope, and the version that this program writes. */
export const routerSchema = 'imp.router'
export const routerVersion = 1

const CoreList = z
  .string()
  .regex(/^\d+(-\d+)?(,\d+(-\d+)?)*$/, 'must be a list of cores such as 2-5 or 2,4')
  .meta({ examples: ['2-5', '2,4'] })

export const Cpu = z
  .strictObject({
    main: z.int().min(0).max(1023).describe('core of the main thread of the dataplane').exactOptional(),
    workers: CoreList.describe('cores that do nothing but forward packets').exactOptional(),
  })
  .describe('which cores the dataplane takes; chosen by the number of cores unless told')

export const Module = z.strictObject({
  name: Name.describe('name of an installed module').meta({ examples: ['nat64'] }),
  enabled: z.boolean().default(true).describe('whether it runs'),
  config: z.record(z.string(), z.unknown()).default({}).describe('settings of the module, checked by the module itself'),
})

export const RouterConfig = z
  .strictObject({
    $schema: z
      .string()
      .max(4096)
      .describe('where editors find the JSON Schema of this file')
      .meta({ examples: ['./imp.router.schema.json'] })
      .exactOptional(),
    schema: z.literal(routerSchema).describe('kind of this document'),
    version: z.literal(routerVersion).describe('version of the layout of this document'),
    hostname: HostName.describe('name of the router'),
    dataplane: z.enum(['linux', 'vpp']).default('linux').describe('what forwards packets: the Linux kernel, or VPP'),
    management: Management.exactOptional(),
    interfaces: z.array(Interface).default([]).describe('ports of the dataplane'),
    loopbacks: z.array(Loopback).default([]).describe('addresses of the router itself'),
    bridges: z.array(Bridge).default([]).describe('ports and VLANs joined to one Ethernet, with a routed address'),
    crossConnects: z.array(CrossConnect).default([]).describe('VLANs that pass from one port to another unrouted'),
    routes: z.array(Route).default([]).describe('static routes'),
    policyRoutes: z
      .array(PolicyRoute)
      .max(maximumPolicyRoutes)
      .default([])
      .describe('routes by source, asked in this order before the routing table'),
    bgp: Bgp.exactOptional(),
    ospf: Ospf.exactOptional(),
    ospf6: Ospf6.exactOptional(),
    nat: Nat.exactOptional(),
    container: Container.exactOptional(),
    cpu: Cpu.exactOptional(),
    modules: z.array(Module).default([]).describe('operator-defined extensions of the dataplane'),
  })
  .meta({ title: 'IMP router configuration' })
export type RouterConfig = z.output<typeof RouterConfig>

/** As people may write it: fields with defaults left out. */
export type RouterConfigInput = z.input<typeof RouterConfig>
