/**
 * The one seam to a machine: this one, a network namespace of it, or a guest. Everything that looks at or changes a machine
 * goes through a `Host`, so that dry runs, tests and remote execution cost nothing extra.
 */
import type { Duplex, Readable } from 'node:stream'

/** A program and its arguments. There is no shell: every word is passed as it is. */
export type Argv = readonly [string, ...string[]]

export interface RunOptions {
  /** Written to standard input, which is then closed. Secrets go here, never into argv. */
  readonly input?: string | Uint8Array
  /** Milliseconds until SIGTERM, two seconds later SIGKILL; 30,000 unless told. */
  readonly timeout?: number
  readonly signal?: AbortSignal
  readonly cwd?: string
  /** Added to the environment, which otherwise holds only PATH, LANG=C.UTF-8 and HOME. */
  readonly env?: Readonly<Record<string, string>>
  /** Characters of standard output, or of error, after which the program is ended, which is a fault; 256 Mi unless told. */
  readonly longest?: number
  /** Exit statuses that are no failure; `[0]` unless told. */
  readonly statuses?: readonly number[]
  /** Called with each line of standard output and error while the program runs. Of longer output only the last 16 MiB are then kept. */
  readonly onLine?: (line: string) => void
}

/** What a program left behind. Output without its last newline */
export interface Ran {
  readonly argv: Argv
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

export interface PipeOptions {
  readonly timeout?: number
  readonly signal?: AbortSignal
  /** Goes into the first program. When it fails the programs are stopped, and its error is that of the pipe. */
  readonly input?: Readable
  /** Bytes that left the first stage so far. */
  readonly onBytes?: (bytes: number) => void
}

export interface FileStat {
  readonly kind: 'file' | 'directory' | 'link' | 'socket' | 'fifo' | 'device'
  /** Bytes. */
  readonly size: number
  readonly mode: number
  readonly modified: Date
}

export interface WriteOptions {
  /** Permission bits of the new file; 0o644 unless told. */
  readonly mode?: number
  /** `user:group` by name, when the file must not belong to the caller. */
  readonly owner?: string
}

/** Files of the machine. Paths are absolute. Reading what is not there is a `not-found` fault. */
export interface Files {
  read(path: string): Promise<string>
  readBytes(path: string): Promise<Buffer>
  /** Atomic: a temporary file in the same directory, fsync, rename, fsync of the directory. Makes no directories. */
  write(path: string, content: string | Uint8Array, options?: WriteOptions): Promise<void>
  /** Names in a directory, sorted; a `not-found` fault when it is not there. */
  list(path: string): Promise<string[]>
  /** Undefined when nothing is there. Links are not followed. */
  stat(path: string): Promise<FileStat | undefined>
  /** With its parents; no error when it is there. */
  makeDirectory(path: string, options?: WriteOptions): Promise<void>
  /** File or whole tree; no error when nothing is there. */
  remove(path: string): Promise<void>
  rename(from: string, to: string): Promise<void>
}

export interface Clock {
  now(): Date
  /** Milliseconds since an arbitrary moment, never going back. */
  monotonic(): number
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

export interface Host {
  /** For messages: `this machine`, `namespace lab-edge`, `guest web1`. */
  readonly name: string
  /** Runs a program that only looks. */
  query(argv: Argv, options?: RunOptions): Promise<Ran>
  /** Runs a program that changes something. */
  run(argv: Argv, options?: RunOptions): Promise<Ran>
  /** Runs several programs, the output of each into the input of the next. Fails when any of them fails. */
  pipe(stages: readonly Argv[], options?: PipeOptions): Promise<Ran>
  /** Gives the person's terminal to a program and returns its exit status. */
  attach(argv: Argv): Promise<number>
  /** Connects to a unix stream socket of the machine. */
  dial(path: string): Promise<Duplex>
  readonly files: Files
  readonly clock: Clock
}
