/** Rooms of operations, loaded when one of their words is used: command start-up pays only for the room it needs. */
import { Fault } from '../base/fault.ts'
import { nearest } from '../base/text.ts'
import type { AnyOperation, OperationContext } from './operation.ts'

export interface Room<Context extends OperationContext> {
  /** First words of the paths and aliases of its operations. */
  readonly words: readonly string[]
  /** Title of the group in help. */
  readonly title: string
  /** Told in the help of the program by its first words only: it has too many operations to list. */
  readonly brief?: boolean
  /** Those of its words that only programs type: nobody is offered them. */
  readonly unlisted?: readonly string[]
  load(): Promise<readonly AnyOperation<Context>[]>
}

export interface Registry<Context extends OperationContext> {
  /** Name of the program: `imp`, `vmm`. */
  readonly program: string
  readonly summary: string
  readonly rooms: readonly Room<Context>[]
}

/** Declares a room whose operations are the values of the module's `operations` export. */
export function room<Context extends OperationContext>(
  title: string,
  words: readonly string[],
  load: () => Promise<{ readonly operations: readonly AnyOperation<Context>[] }>,
  { brief = false, unlisted = [] }: Pick<Room<Context>, 'brief' | 'unlisted'> = {},
): Room<Context> {
  return { title, words, brief, unlisted, load: async () => (await load()).operations }
}

/** First words that people may be offered. */
export function listedWords<Context extends OperationContext>(registry: Registry<Context>): string[] {
  return registry.rooms.flatMap(({ words, unlisted = [] }) => words.filter((word) => !unlisted.includes(word)))
}

/** Every operation, by room. Loads all rooms. */
export async function allOperations<Context extends OperationContext>(
  registry: Registry<Context>,
): Promise<{ room: Room<Context>; operations: readonly AnyOperation<Context>[] }[]> {
  return Promise.all(registry.rooms.map(async (each) => ({ room: each, operations: await each.load() })))
}

/** All ways to say an operation. */
export function spellings(operation: AnyOperation): readonly (readonly string[])[] {
  return [operation.path, ...(operation.aliases ?? [])]
}

export interface Found<Context extends OperationContext> {
  readonly operation: AnyOperation<Context>
  /** What follows the words of the path. */
  readonly rest: readonly string[]
}

/** The operation with the longest path that the words begin with; `input` fault with the nearest spelling when there is none. */
export async function findOperation<Context extends OperationContext>(
  registry: Registry<Context>,
  words: readonly string[],
): Promise<Found<Context>> {
  const [first = ''] = words
  const rooms = registry.rooms.filter((each) => each.words.includes(first))
  const operations = (await Promise.all(rooms.map((each) => each.load()))).flat()
  const matches = operations
    .flatMap((each) => spellings(each).map((path) => ({ operation: each, path })))
    .filter(({ path }) => path.every((word, index) => words[index] === word))
    .toSorted((a, b) => b.path.length - a.path.length)
  const best = matches[0]
  if (best !== undefined) return { operation: best.operation, rest: words.slice(best.path.length) }
  const level = operations.flatMap((each) =>
    each.hidden === true
      ? []
      : spellings(each)
          .filter((path) => path[0] === first)
          .map((path) => path[1] ?? ''),
  )
  const typed = operations.length > 0 ? (words[1] ?? '') : first
  const known = operations.length > 0 ? [...new Set(level)].filter((word) => word !== '') : listedWords(registry)
  const close = nearest(typed, known)
  const prefix = operations.length > 0 ? `${registry.program} ${first}` : registry.program
  const message = typed === '' ? `${prefix} needs another word` : `${prefix} has no command ${JSON.stringify(typed)}`
  throw new Fault('input', message, {
    hint:
      close === undefined
        ? operations.length > 0
          ? `one of: ${known.join(', ')}`
          : `${registry.program} --help lists them`
        : `did you mean "${prefix} ${close}"?`,
  })
}
