/**
 * Another machine, a guest for example, behind the same seam: every program runs over ssh, files are read and written by small
 * programs there, unix sockets are forwarded by ssh. One connection is shared by all calls (ControlMaster, ssh_config(5)).
 */
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { Fault } from '../base/fault.ts'
import { bounded } from './bounded.ts'
import { shellQuote } from './exec.ts'
import type { Argv, Files, FileStat, Host, RunOptions, WriteOptions } from './host.ts'

export interface RemoteOptions {
  /** For messages: `guest web1`. */
  readonly name: string
  /** ssh with all its options and the destination, so that the remote words can follow: `['ssh', '-p', '2222', 'root@127.0.0.1']`. */
  readonly ssh: Argv
  /** Programs at once over the one connection; 5 unless told. OpenSSH's server takes ten (MaxSessions, sshd_config(5)). */
  readonly sessions?: number
}

export interface RemoteHost extends Host {
  /** Ends the shared connection and its forwards. */
  close(): Promise<void>
}

/** ssh's own failures (connection, authentication) end with 255 (ssh(1), EXIT STATUS). */
const sshFailed = 255

/** Inserts options behind the program name and any `nsenter ... --` in front of it. */
function withOptions(ssh: Argv, options: readonly string[]): Argv {
  const at = ssh.findIndex((word) => word === 'ssh' || word.endsWith('/ssh'))
  if (at < 0) throw new Fault('bug', `no ssh in ${ssh.join(' ')}`)
  const [first, ...rest] = [...ssh.slice(0, at + 1), ...options, ...ssh.slice(at + 1)]
  return [first ?? 'ssh', ...rest]
}

/** ssh joins its words by blanks and hands them to the login shell there, so every word is quoted for it. */
function remoteWords(argv: Argv, options: RunOptions): string {
  const environment = Object.entries(options.env ?? {}).map(([name, value]) => `${name}=${value}`)
  const words = environment.length === 0 ? argv : ['env', ...environment, ...argv]
  const command = words.map(shellQuote).join(' ')
  return options.cwd === undefined ? command : `cd ${shellQuote(options.cwd)} && ${command}`
}

/** Kinds by the type bits of a mode (inode(7)): words would be in the language of the other machine. */
const kindOf: Readonly<Record<number, FileStat['kind']>> = {
  0o100000: 'file',
  0o040000: 'directory',
  0o120000: 'link',
  0o140000: 'socket',
  0o010000: 'fifo',
}

function remoteFiles(host: Pick<Host, 'run' | 'query'>): Files {
  const statOf = async (path: string): Promise<FileStat | undefined> => {
    const found = await host.query(['stat', '-c', '%f %s %Y', path], { statuses: [0, 1] })
    if (found.status === 1) return undefined
    const [, raw = '', size, modified] = /^([0-9a-f]+) (\d+) (-?\d+)$/.exec(found.stdout) ?? []
    if (raw === '') throw new Fault('exec', `nobody understands what ${path} is`, { detail: found.stdout.slice(0, 200) })
    const mode = Number.parseInt(raw, 16)
    return {
      kind: kindOf[mode & 0o170000] ?? 'device',
      size: Number(size),
      mode: mode & 0o7777,
      modified: new Date(Number(modified) * 1000),
    }
  }
  const present = async (path: string): Promise<void> => {
    if ((await statOf(path)) === undefined) throw new Fault('not-found', `cannot read ${path}: it does not exist`)
  }
  const owned = async (path: string, options: WriteOptions): Promise<void> => {
    if (options.owner !== undefined) await host.run(['chown', options.owner, path])
  }
  // As rename(2): a directory in the way is not moved into. And durable, as the name of a file is no part of it (fsync(2)).
  const move = async (from: string, to: string): Promise<void> => {
    await host.run(['mv', '-fT', from, to])
    await host.run(['sync', dirname(to)])
  }
  // As base64, because output loses its last newline on the way and need not be text.
  const bytes = async (path: string): Promise<Buffer> => {
    const ran = await host.query(['base64', path], { statuses: [0, 1] })
    if (ran.status === 1) await present(path)
    return Buffer.from(ran.stdout, 'base64')
  }
  return {
    stat: statOf,
    read: async (path) => (await bytes(path)).toString(),
    readBytes: bytes,
    async write(path, content, options = {}) {
      const temporary = `${path}.${randomUUID().slice(0, 8)}.tmp`
      try {
        await host.run(['dd', `of=${temporary}`, 'conv=fsync', 'status=none'], { input: content })
        await host.run(['chmod', (options.mode ?? 0o644).toString(8), temporary])
        await owned(temporary, options)
        await move(temporary, path)
      } catch (error) {
        // What failed first is the reason, also where nothing more can be done about the rest.
        await host.run(['rm', '-f', temporary], { statuses: [0, sshFailed] }).catch(() => undefined)
        throw error
      }
    },
    async list(path) {
      const ran = await host.query(['ls', '-1A', path], { statuses: [0, 1, 2] })
      if (ran.status !== 0) await present(path)
      return ran.stdout === '' ? [] : ran.stdout.split('\n').toSorted()
    },
    async makeDirectory(path, options = {}) {
      await host.run(['mkdir', '-p', '-m', (options.mode ?? 0o755).toString(8), path])
      await owned(path, options)
    },
    remove: async (path) => {
      await host.run(['rm', '-rf', path])
    },
    rename: move,
  }
}

/** The machine behind `ssh`, reached from `local`. */
export function remoteHost(local: Host, options: RemoteOptions): RemoteHost {
  let directory: Promise<string> | undefined
  const shared = async (extra: readonly string[] = []): Promise<Argv> => {
    // Unix socket paths are limited to 107 bytes (unix(7)): a short directory of our own.
    directory ??= mkdtemp(join(tmpdir(), 'imp-'))
    const control = join(await directory, 's')
    return withOptions(options.ssh, [
      '-o',
      'ControlMaster=auto',
      '-o',
      `ControlPath=${control}`,
      '-o',
      'ControlPersist=60',
      '-o',
      'BatchMode=yes',
      ...extra,
    ])
  }
  // The first call makes the connection that the others share: many first calls at once would be too many logins.
  let connection: Promise<unknown> | undefined
  const connect = (): Promise<unknown> => {
    connection ??= call('query', ['true']).catch((error: unknown) => {
      connection = undefined
      throw error
    })
    return connection
  }
  const call = async (verb: 'query' | 'run', argv: Argv, runOptions: RunOptions = {}) => {
    const { env: _env, cwd: _cwd, statuses = [0], ...rest } = runOptions
    const ran = await local[verb]([...(await shared()), '--', remoteWords(argv, runOptions)], {
      ...rest,
      statuses: [...statuses, sshFailed],
    })
    if (ran.status === sshFailed && !statuses.includes(sshFailed)) {
      throw new Fault('exec', `cannot reach ${options.name}`, { detail: ran.stderr, hint: 'is it running?' })
    }
    return { ...ran, argv }
  }
  const send = async (verb: 'query' | 'run', argv: Argv, runOptions?: RunOptions) => {
    await connect()
    return call(verb, argv, runOptions)
  }
  const { query, run } = bounded(
    {
      query: (argv: Argv, runOptions?: RunOptions) => send('query', argv, runOptions),
      run: (argv: Argv, runOptions?: RunOptions) => send('run', argv, runOptions),
    },
    options.sessions ?? 5,
  )
  return {
    name: options.name,
    query,
    run,
    async pipe(stages, pipeOptions) {
      const base = await shared()
      return local.pipe(
        stages.map((argv) => [...base, '--', remoteWords(argv, {})]),
        pipeOptions,
      )
    },
    async attach(argv) {
      return local.attach([...withOptions(options.ssh, process.stdin.isTTY ? ['-t'] : []), '--', remoteWords(argv, {})])
    },
    async dial(path) {
      // A forward is added to a connection that must already be there.
      await connect()
      const place = await mkdtemp(join(tmpdir(), 'imp-'))
      const leave = (): Promise<void> => rm(place, { recursive: true, force: true })
      try {
        await local.query([...(await shared(['-O', 'forward', '-L', `${place}/f:${path}`]))])
        const stream = await local.dial(join(place, 'f'))
        stream.once('close', () => void leave())
        return stream
      } catch (error) {
        await leave()
        throw error
      }
    },
    files: remoteFiles({ run, query }),
    clock: local.clock,
    async close() {
      if (directory === undefined) return
      await local.run([...(await shared(['-O', 'exit']))], { statuses: [0, sshFailed] })
      await rm(await directory, { recursive: true, force: true })
      directory = undefined
    },
  }
}
