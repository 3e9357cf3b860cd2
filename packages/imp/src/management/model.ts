/** The out-of-band port: it stays in the machine's own network namespace, away from the dataplane. */
import { z } from 'zod'
import { Address, HostName, InterfaceAddress } from '@imp/kit/base/schema.ts'
import { Nic } from '../interfaces/model.ts'

export const Management = z
  .strictObject({
    nic: Nic.describe('how the network card of the management port is found'),
    mode: z
      .enum(['dhcp', 'static'])
      .default('dhcp')
      .describe('dhcp: DHCPv4, DHCPv6 and router advertisements; static: the addresses below'),
    addresses: z.array(InterfaceAddress).default([]).describe('addresses with the length of their network; only with mode static'),
    gateways: z
      .array(Address)
      .default([])
      .describe('default gateway, at most one for IPv4 and one for IPv6; only with mode static')
      .meta({ examples: [['192.0.2.1']] }),
    dns: z.array(Address).default([]).describe('name servers of the machine itself; those of DHCP unless told'),
    ntp: z
      .array(z.union([Address, HostName]))
      .default([])
      .describe('time servers of the machine itself; those of DHCP or of Debian unless told')
      .meta({ examples: [['ntp.example.net']] }),
  })
  .describe('out-of-band management port')
export type Management = z.output<typeof Management>
