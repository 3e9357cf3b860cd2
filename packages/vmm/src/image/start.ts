/** How a guest made from an image starts: the image's own init, a command that our init runs, or our init with nothing but ssh. Pure. */
import { posix } from 'node:path'
import { z } from 'zod'
import { Fault } from '@imp/kit/base/fault.ts'
import { shellQuote } from '@imp/kit/host/exec.ts'
import type { Merged } from './oci/merge.ts'
import type { ImageConfig } from './oci/manifest.ts'

export const Command = z.strictObject({
  words: z.array(z.string()).min(1),
  /** `NAME=value`. */
  environment: z.array(z.string()),
  directory: z.string(),
  uid: z.int().min(0),
  gid: z.int().min(0),
  /** Asks it to end: a name of signal(7) without SIG, or a number. */
  signal: z.string(),
})
export type Command = z.output<typeof Command>

export const Start = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('init'), program: z.string() }),
  z.strictObject({ kind: z.literal('command'), command: Command }),
  z.strictObject({ kind: z.literal('ssh') }),
])
export type Start = z.output<typeof Start>

/** Where the guest looks for an init (guest/init, `find_init`). */
const inits = ['sbin/init', 'usr/sbin/init', 'lib/systemd/systemd', 'etc/init']

/** Files whose content decides. */
export const decisive = ['etc/passwd', 'etc/group', 'etc/inittab'] as const

/** Most links that Linux follows in one path (path_resolution(7)). */
const maximumLinks = 40

/** What a path of the image leads to in the end, links followed as in the guest; undefined where nothing is. */
export function resolvePath(winners: Merged['winners'], path: string): string | undefined {
  let waiting = path.split('/')
  let at = ''
  for (let links = 0; waiting.length > 0;) {
    const [word = '', ...rest] = waiting
    waiting = rest
    if (word === '' || word === '.') continue
    if (word === '..') {
      at = at.split('/').slice(0, -1).join('/')
      continue
    }
    const next = at === '' ? word : `${at}/${word}`
    const winner = winners.get(next)
    if (winner?.kind === 'symlink') {
      if (++links > maximumLinks) return undefined
      if (winner.linkPath.startsWith('/')) at = ''
      waiting = [...winner.linkPath.split('/'), ...waiting]
    } else at = next
  }
  return at === '' || winners.has(at) ? at : undefined
}

/** The image's init, when it is one that can work: Alpine's images have busybox's without the OpenRC that its inittab calls. */
function findInit({ winners, contents }: Merged): { program: string; busybox: boolean } | undefined {
  const program = inits.find((path) => resolvePath(winners, path) !== undefined)
  if (program === undefined) return undefined
  const real = resolvePath(winners, program) ?? ''
  const winner = winners.get(real)
  const busybox = posix.basename(winner?.kind === 'link' ? winner.linkPath : real) === 'busybox'
  if (!busybox) return { program: `/${program}`, busybox }
  const inittab = contents.get('etc/inittab')?.toString('utf8')
  if (inittab === undefined) return undefined
  const callsOpenrc = /^[^#\n]*\bopenrc\b/m.test(inittab)
  return callsOpenrc && resolvePath(winners, 'sbin/openrc') === undefined ? undefined : { program: `/${program}`, busybox }
}

/** Lines of passwd(5) and group(5), split. */
function rows(contents: Merged['contents'], path: string): string[][] {
  return (contents.get(path)?.toString('utf8') ?? '').split('\n').map((line) => line.split(':'))
}

interface Account {
  readonly uid: number
  readonly gid: number
  readonly home: string
}

const isNumber = (text: string): boolean => /^\d{1,10}$/.test(text)

/** `user`, `uid`, `user:group` in names or numbers (OCI image specification, config.md, User). */
export function accountOf(contents: Merged['contents'], text: string): Account {
  const [user = '', group] = text.split(':')
  const wanted = user === '' ? '0' : user
  const entry = rows(contents, 'etc/passwd').find(([name, , uid]) => name === wanted || (isNumber(wanted) && uid === wanted))
  if (entry === undefined && !isNumber(wanted)) throw new Fault('input', `the image runs as ${wanted}, a user that it does not have`)
  const groupEntry = group === undefined ? undefined : rows(contents, 'etc/group').find(([name]) => name === group)
  if (group !== undefined && groupEntry === undefined && !isNumber(group)) {
    throw new Fault('input', `the image runs in the group ${group}, which it does not have`)
  }
  const gid = group === undefined ? entry?.[3] : (groupEntry?.[2] ?? group)
  const home = entry?.[5] ?? ''
  return { uid: Number(entry?.[2] ?? wanted), gid: Number(gid ?? 0), home: home === '' ? '/' : home }
}

const usualPath = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** A shell without anything to do: it would end at once, since nobody is there to type. */
function isShell(words: readonly string[]): boolean {
  const [first = ''] = words
  const options = words.slice(1).every((word) => /^(-i|-l|--login)$/.test(word))
  return options && /^(ba|da|a|z|fi|k)?sh$/.test(posix.basename(first))
}

function environmentOf(told: readonly string[], home: string): string[] {
  const usual = [usualPath, `HOME=${home}`]
  return [...usual.filter((each) => !told.some((other) => other.startsWith(each.slice(0, each.indexOf('=') + 1)))), ...told]
}

/** What the image says that it runs; undefined when it runs nothing by itself. */
export function commandOf(config: ImageConfig | undefined, contents: Merged['contents']): Command | undefined {
  const told = config?.config
  const words = [...(told?.Entrypoint ?? []), ...(told?.Cmd ?? [])]
  if (words.length === 0 || isShell(words)) return undefined
  const environment = (told?.Env ?? []).filter((each) => /^[^=]+=/.test(each))
  if ([...words, ...environment, told?.WorkingDir ?? ''].some((word) => word.includes('\0'))) {
    throw new Fault('input', 'the configuration of the image holds a zero byte')
  }
  const { uid, gid, home } = accountOf(contents, told?.User ?? '')
  const signal = (told?.StopSignal ?? '').replace(/^SIG/, '')
  const directory = posix.resolve('/', told?.WorkingDir ?? '')
  return {
    words,
    environment: environmentOf(environment, home),
    directory,
    uid,
    gid,
    signal: /^([A-Z][A-Z0-9]*(\+\d{1,2})?|\d{1,2})$/.test(signal) ? signal : 'TERM',
  }
}

export const wishes = ['auto', 'init', 'command', 'ssh'] as const
export type Wish = (typeof wishes)[number]

/**
 * What starts. Unless told, an init wins over a command, but busybox's, which every Alpine has, only where the image runs nothing else;
 * a command that is the init itself means the init.
 */
export function chooseStart(merged: Merged, config: ImageConfig | undefined, wish: Wish = 'auto'): Start {
  const init = findInit(merged)
  const command = commandOf(config, merged.contents)
  const named = command !== undefined && inits.some((path) => `/${path}` === command.words[0])
  if (wish === 'ssh') return { kind: 'ssh' }
  if (wish === 'init' && init === undefined) throw new Fault('input', 'the image has no init that could start it')
  if (wish === 'command' && command === undefined) throw new Fault('input', 'the image does not say what it runs')
  if (command !== undefined && !named && wish !== 'init' && (wish === 'command' || init === undefined || init.busybox)) {
    return { kind: 'command', command }
  }
  return init === undefined ? { kind: 'ssh' } : { kind: 'init', program: init.program }
}

/** Where the guest finds what our init is to run; that it is there at all makes ours the init (guest/init, guest/direct-init). */
export const commandPath = 'etc/vmm/command'

/** The file that our init reads, a piece of shell; undefined where the image's own init starts. */
export function renderStart(start: Start): string | undefined {
  if (start.kind === 'init') return undefined
  const first = '# What the init of vmm runs in this guest; written when the image was imported.'
  if (start.kind === 'ssh') return `${first}\n# Nothing: ssh and a shell on the console.\n`
  const { words, environment, directory, uid, gid, signal } = start.command
  const [program = '', ...parameters] = words
  const path = environment.find((each) => each.startsWith('PATH='))?.slice('PATH='.length) ?? ''
  return [
    first,
    `command_user=${uid}:${gid}`,
    `command_signal=${signal}`,
    `command_directory=${shellQuote(directory)}`,
    `command_path=${shellQuote(path)}`,
    `command_program=${shellQuote(program)}`,
    `run_command() { exec env -i ${environment.map(shellQuote).join(' ')} "$@" ${parameters.map(shellQuote).join(' ')}; }`,
    '',
  ].join('\n')
}
