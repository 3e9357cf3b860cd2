/** Menus are the words of operations' paths. What is typed is tried in the menu first, then from the top. */
import type { AnyOperation, OperationContext } from '../../op/operation.ts'
import { allOperations, spellings, type Registry } from '../../op/registry.ts'

interface Spelling {
  readonly path: readonly string[]
  readonly operation: AnyOperation
}

/** Every way to say an operation. */
export interface Vocabulary {
  readonly program: string
  readonly spellings: readonly Spelling[]
}

/** Loads all rooms. */
export async function vocabularyOf<Context extends OperationContext>(registry: Registry<Context>): Promise<Vocabulary> {
  const rooms = await allOperations(registry)
  const operations = rooms.flatMap((room) => room.operations)
  return {
    program: registry.program,
    spellings: operations.flatMap((operation) => spellings(operation).map((path) => ({ path, operation }))),
  }
}

/** Words of the session itself; they stand alone in a line. */
export const sessionWords: readonly { readonly word: string; readonly summary: string }[] = [
  { word: 'back', summary: 'Leave this menu, as does up' },
  { word: 'home', summary: 'Leave all menus, as does top' },
  { word: 'help', summary: 'Explain a command: help WORDS' },
  { word: 'exit', summary: 'End the session, as do quit and ^D' },
  { word: 'quit', summary: 'End the session' },
]

function startsWith(path: readonly string[], words: readonly string[]): boolean {
  return words.every((word, index) => path[index] === word)
}

/** A word that may come next. */
export interface NextWord {
  readonly word: string
  /** The operation that the words say with it, undefined when they only name a menu. */
  readonly operation: AnyOperation | undefined
  /** Whether it is another spelling of an operation that has a path of its own. */
  readonly alias: boolean
  /** The words that may follow it in turn. */
  readonly below: readonly string[]
}

/** The words that may follow these, without hidden operations. */
export function nextWords(vocabulary: Vocabulary, before: readonly string[]): readonly NextWord[] {
  const visible = vocabulary.spellings.filter(
    ({ path, operation }) => operation.hidden !== true && path.length > before.length && startsWith(path, before),
  )
  const words = [...new Set(visible.map(({ path }) => path[before.length] ?? ''))]
  return words.map((word) => {
    const under = visible.filter(({ path }) => path[before.length] === word)
    const exact = under.find(({ path }) => path.length === before.length + 1)
    const below = under.flatMap(({ path, operation }) => (path === operation.path ? (path[before.length + 1] ?? []) : []))
    const alias = under.every(({ path, operation }) => path !== operation.path)
    return { word, operation: exact?.operation, alias, below: [...new Set(below)] }
  })
}

/** What words lead to, said from the top: an operation with what follows its path, or a menu. */
export type Place =
  | { readonly at: 'command'; readonly words: readonly string[]; readonly operation: AnyOperation; readonly rest: readonly string[] }
  | { readonly at: 'menu'; readonly words: readonly string[] }

/** Where words lead that are typed behind others; undefined when nowhere. */
export function followWords(vocabulary: Vocabulary, base: readonly string[], typed: readonly string[]): Place | undefined {
  const words = [...base, ...typed]
  const [best] = vocabulary.spellings
    .filter(({ path }) => path.length > base.length && startsWith(words, path))
    .toSorted((a, b) => b.path.length - a.path.length)
  if (best !== undefined) return { at: 'command', words, operation: best.operation, rest: words.slice(best.path.length) }
  return nextWords(vocabulary, words).length > 0 ? { at: 'menu', words } : undefined
}

/** Where words lead, tried in the menu first, then from the top; undefined when nowhere. Without words it is the menu itself. */
export function placeOf(vocabulary: Vocabulary, menu: readonly string[], typed: readonly string[]): Place | undefined {
  return followWords(vocabulary, menu, typed) ?? (menu.length > 0 ? followWords(vocabulary, [], typed) : undefined)
}
