/** What looking at VPP needs of a client of its binary API. */
import { z } from 'zod'
import { parse } from '@imp/kit/base/schema.ts'
import { InstanceName } from '../appliance/model.ts'

/** The fields of a question. */
export type Question = Readonly<Record<string, unknown>>

export interface VppAnswers {
  /** For messages: `VPP (core)`. */
  readonly name: string
  /** The reply, whatever its return value. */
  request(message: string, fields?: Question): Promise<unknown>
  /** The reply; an `exec` fault when VPP refuses. */
  call(message: string, fields?: Question): Promise<unknown>
  /** All rows of a dump. */
  dump(message: string, fields?: Question): Promise<readonly unknown[]>
  /** What a line of VPP's command line prints; only for what no message tells. */
  cli(line: string): Promise<string>
}

/** Names of the processes of a VPP dataplane. */
export const Instance = InstanceName.describe('process of VPP: core routes, nat translates, others are of modules')

/** Index that stands for no interface. */
export const noInterface = 0xffff_ffff

const NamedInterface = z.looseObject({ sw_if_index: z.int(), interface_name: z.string() })

/** Names of all interfaces by VPP's number of them. */
export async function interfaceNames(vpp: VppAnswers): Promise<ReadonlyMap<number, string>> {
  const rows = parse(z.array(NamedInterface), await vpp.dump('sw_interface_dump'), 'sw_interface_dump')
  return new Map(rows.map((row) => [row.sw_if_index, row.interface_name]))
}
