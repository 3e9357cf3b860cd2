/** A machine made of scripted answers and files in memory, for tests: an unscripted question is an error, changes are recorded. */
import { Fault } from '../base/fault.ts'
import type { Argv, Clock, FileStat, Files, Host, Ran } from './host.ts'

export interface FakeHost extends Host {
  /** Every `run`, `pipe` and `attach` in order, words joined by blanks. */
  readonly changes: readonly string[]
  /** Contents by path. */
  readonly contents: Map<string, string>
}

export interface FakeOptions {
  /** Standard output by command, words joined by blanks; for queries and changes. */
  readonly answers?: Readonly<Record<string, string>>
  readonly files?: Readonly<Record<string, string>>
  /** Whether changes without a scripted answer succeed silently (else they are an error as well); true unless told. */
  readonly anyChange?: boolean
}

/** A clock that only `sleep` moves. */
export function fakeClock(start = new Date(0)): Clock {
  let passed = 0
  return {
    now: () => new Date(start.getTime() + passed),
    monotonic: () => passed,
    sleep: (ms) => {
      passed += ms
      return Promise.resolve()
    },
  }
}

function notThere(path: string): Fault {
  return new Fault('not-found', `cannot read ${path}: it does not exist`)
}

function filesIn(contents: Map<string, string>): Files {
  const directories = new Set<string>()
  const below = (path: string): string[] => [...contents.keys()].filter((each) => each.startsWith(`${path}/`))
  const stat = (path: string): FileStat | undefined => {
    const text = contents.get(path)
    if (text !== undefined) return { kind: 'file', size: Buffer.byteLength(text), mode: 0o644, modified: new Date(0) }
    return directories.has(path) || below(path).length > 0 ? { kind: 'directory', size: 0, mode: 0o755, modified: new Date(0) } : undefined
  }
  const read = (path: string): Promise<string> => {
    const text = contents.get(path)
    return text === undefined ? Promise.reject(notThere(path)) : Promise.resolve(text)
  }
  return {
    read,
    readBytes: async (path) => Buffer.from(await read(path)),
    write: (path, content) => {
      contents.set(path, typeof content === 'string' ? content : Buffer.from(content).toString())
      return Promise.resolve()
    },
    list: (path) =>
      stat(path) === undefined
        ? Promise.reject(notThere(path))
        : Promise.resolve([...new Set(below(path).map((each) => each.slice(path.length + 1).split('/')[0] ?? ''))].toSorted()),
    stat: (path) => Promise.resolve(stat(path)),
    makeDirectory: (path) => {
      directories.add(path)
      return Promise.resolve()
    },
    remove: (path) => {
      for (const each of [path, ...below(path)]) contents.delete(each)
      directories.delete(path)
      return Promise.resolve()
    },
    rename: (from, to) => {
      const text = contents.get(from)
      if (text === undefined) return Promise.reject(notThere(from))
      contents.delete(from)
      contents.set(to, text)
      return Promise.resolve()
    },
  }
}

export function fakeHost(options: FakeOptions = {}): FakeHost {
  const changes: string[] = []
  const contents = new Map(Object.entries(options.files ?? {}))
  const answer = (argv: Argv, needed: boolean): Promise<Ran> => {
    const line = argv.join(' ')
    const stdout = options.answers?.[line]
    if (stdout === undefined && needed) return Promise.reject(new Fault('bug', `the fake machine has no answer to: ${line}`))
    return Promise.resolve({ argv, status: 0, stdout: stdout ?? '', stderr: '' })
  }
  const change = (argv: Argv): Promise<Ran> => {
    changes.push(argv.join(' '))
    return answer(argv, options.anyChange === false)
  }
  return {
    name: 'a fake machine',
    changes,
    contents,
    query: (argv) => answer(argv, true),
    run: change,
    async pipe(stages) {
      changes.push(stages.map((argv) => argv.join(' ')).join(' | '))
      const [first] = stages
      if (first === undefined) throw new Fault('bug', 'a pipe without programs')
      return { argv: first, status: 0, stdout: '', stderr: '' }
    },
    async attach(argv) {
      return (await change(argv)).status
    },
    dial: (path) => Promise.reject(new Fault('not-found', `no socket at ${path}`)),
    files: filesIn(contents),
    clock: fakeClock(),
  }
}
