/**
 * Loads a command file into a VPP that has just started, over its API, where each line has an answer. A line counts as done only when VPP
 * accepts it and prints what it prints when it did something: some lines do nothing, or something else, without a complaint.
 */
import { Fault } from '@imp/kit/base/fault.ts'
import { markIn } from './exec-beside.ts'
import { endMark } from './exec-names.ts'
import { textAt } from '../api/fields.ts'
import type { VppClient } from '../api/client.ts'

type Vpp = Pick<VppClient, 'name' | 'cli' | 'dump'>

export interface Loaded {
  /** False when the mark was there already, and with it everything before it. */
  readonly changed: boolean
  readonly lines: number
}

/** What VPP prints when it did what the line says; undefined for all other lines. */
function expected(line: string): RegExp | undefined {
  const [, host] = /^create host-interface name (\S+)/.exec(line) ?? []
  if (host !== undefined) return new RegExp(`^host-${host}$`)
  const [, instance] = /^create loopback interface instance (\d+)$/.exec(line) ?? []
  if (instance !== undefined) return new RegExp(`^loop${instance}$`)
  const [, port, number] = /^create sub-interfaces (\S+) (\d+)/.exec(line) ?? []
  if (number !== undefined) return new RegExp(`^${port}\\.${number}$`)
  if (line.startsWith('create bridge-domain ')) return /^bridge-domain \d+$/
  return line.startsWith('set acl-plugin acl ') ? /^ACL index:\d+$/ : undefined
}

/** Words by which VPP says that nothing happened, in an answer that counts as a success. */
const complaint = /\b(error|fail(ed|ure)?|unknown|invalid|not found|unable|can(no|')t|no such|must be|does not exist|already)\b/i

function failed(vpp: Pick<Vpp, 'name'>, line: string, place: number, answer: string): Fault {
  return new Fault('exec', `${vpp.name} did not do line ${place} of its configuration: ${line}`, {
    detail: answer === '' ? 'it answered nothing, as when nothing happens' : answer,
    hint: 'mend the configuration, or restart the process when it was configured before',
  })
}

/** The number of the n-th ACL in the file is that which VPP gave it. */
function withIndexes(line: string, indexes: readonly string[]): string {
  return line.replace(
    /^(abf policy add id \d+ acl )(\d+)/,
    (_, before: string, place: string) => before + (indexes[Number(place)] ?? place),
  )
}

/** Sends the lines in order and stops at the first that is not done: an `exec` fault with the line and VPP's words. */
async function send(vpp: Vpp, lines: readonly string[]): Promise<void> {
  const indexes: string[] = []
  for (const [place, line] of lines.entries()) {
    const answer = (await vpp.cli(withIndexes(line, indexes))).trim()
    if (!(expected(line) ?? /^$/).test(answer)) throw failed(vpp, line, place + 1, answer)
    if (answer.startsWith('ACL index:')) indexes.push(answer.slice('ACL index:'.length))
  }
}

/**
 * Sends one line of a template, the n-th of all. Unlike our own lines it may print what it likes when it is done, but no complaint. An
 * `exec` fault with the line and VPP's words.
 */
export async function sendLine(vpp: Pick<Vpp, 'name' | 'cli'>, line: string, place: number): Promise<void> {
  const answer = (await vpp.cli(line)).replaceAll('\0', '').trim()
  const done = expected(line)?.test(answer) ?? !complaint.test(answer)
  if (!done) throw failed(vpp, line, place, answer)
}

async function interfacesOf(vpp: Vpp): Promise<string[]> {
  const rows = await vpp.dump('sw_interface_dump', { sw_if_index: 0xffff_ffff })
  return rows.map((row) => textAt(row, 'interface_name'))
}

/** Loads a whole configuration, unless the mark at its end says that it is there. */
export async function loadConfiguration(vpp: Vpp, lines: readonly string[]): Promise<Loaded> {
  const own = markIn(lines)
  const mark = own ?? endMark
  if ((await interfacesOf(vpp)).includes(mark)) return { changed: false, lines: lines.length }
  if (own === undefined) await send(vpp, lines)
  else for (const [place, line] of lines.entries()) await sendLine(vpp, line, place + 1)
  if (!(await interfacesOf(vpp)).includes(mark)) throw failed(vpp, lines.at(-1) ?? '', lines.length, '')
  return { changed: true, lines: lines.length }
}

function policiesIn(lines: readonly string[]): string[] {
  return lines.flatMap((line) => /^abf attach ip[46] policy (\d+) /.exec(line)?.[1] ?? [])
}

async function attachedPolicies(vpp: Vpp, name: string, lines: readonly string[]): Promise<string[]> {
  const policies = policiesIn(lines)
  if (policies.length === 0) return []
  const attached = await vpp.cli(`show abf attach ${name}`)
  return policies.filter((policy) => attached.includes(`policy:${policy} `))
}

/** Takes the container link out again. ABF is detached first: VPP would hand the attachment on to the next interface. */
async function takeOut(vpp: Vpp, name: string, lines: readonly string[]): Promise<void> {
  const attached = new Set(await attachedPolicies(vpp, name, lines))
  const detaching = lines.flatMap((line) => {
    const [, family, policy] = /^abf attach ip([46]) policy (\d+) /.exec(line) ?? []
    return policy !== undefined && attached.has(policy) ? [`abf attach ip${family} del policy ${policy} ${name}`] : []
  })
  for (const line of detaching) await vpp.cli(line)
  await vpp.cli(`delete host-interface name ${name.replace(/^host-/, '')}`)
}

/** What VPP says of the container link: up, with its address, steered. */
async function isComplete(vpp: Vpp, name: string, lines: readonly string[]): Promise<boolean> {
  const addresses = await vpp.cli(`show interface address ${name}`)
  const wanted = lines.flatMap((line) => /^set interface ip address \S+ (\S+)$/.exec(line)?.[1] ?? [])
  if (!addresses.includes('(up)') || !wanted.every((address) => addresses.includes(` ${address}`))) return false
  return (await attachedPolicies(vpp, name, lines)).length === policiesIn(lines).length
}

/** Makes the container link what its lines say, anew when it is not. */
export async function loadContainerLink(vpp: Vpp, lines: readonly string[]): Promise<Loaded> {
  const [, link = ''] = /^create host-interface name (\S+)$/.exec(lines[0] ?? '') ?? []
  const name = `host-${link}`
  if ((await interfacesOf(vpp)).includes(name)) {
    if (await isComplete(vpp, name, lines)) return { changed: false, lines: lines.length }
    await takeOut(vpp, name, lines)
  }
  await send(vpp, lines)
  return { changed: true, lines: lines.length }
}
