/** Names that Linux, VPP and FRR all take, for things that had any name before. */
import { Description, interfaceName } from '@imp/kit/base/schema.ts'
import type { Ledger } from './ledger.ts'
import { given } from './model.ts'

export interface Wanted {
  /** The old name, when it has one. */
  readonly text: string | null | undefined
  /** The name when the old one has no letter that could stay. */
  readonly fallback: string
  /** Greatest number of characters. */
  readonly longest: number
}

function isLegal(name: string, longest: number): boolean {
  return interfaceName(longest).safeParse(name).success
}

/** What of a text can stay in a name: accents go, everything else that is foreign becomes `-`. May be empty. */
function legalPart(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .replace(/[^A-Za-z0-9_-]+/g, '-')
    .replace(/^[^A-Za-z]+/, '')
    .replace(/-+$/, '')
}

/** The base, or the base with a number behind it, at most `longest` characters, that is good. */
export function firstGood(base: string, longest: number, isGood: (name: string) => boolean): string {
  for (let number = 1; ; number += 1) {
    const suffix = number === 1 ? '' : `-${number}`
    const name = base.slice(0, longest - suffix.length).replace(/-+$/, '') + suffix
    if (isGood(name)) return name
  }
}

function firstFree({ text, fallback, longest }: Wanted, taken: ReadonlySet<string>): string {
  const legal = legalPart(text ?? '')
  return firstGood(legal === '' ? fallback : legal, longest, (name) => isLegal(name, longest) && !taken.has(name))
}

/**
 * A legal name for each, none of them twice and none of those taken. Old names that are legal stay, whatever comes before them; the
 * first keeps a name that several have.
 */
export function chooseNames(wanted: readonly Wanted[], taken: ReadonlySet<string> = new Set()): string[] {
  const used = new Set(taken)
  const first = wanted.map(({ text, longest }) => {
    if (text === null || text === undefined || used.has(text) || !isLegal(text, longest)) return undefined
    used.add(text)
    return text
  })
  return wanted.map((each, index) => {
    const name = first[index] ?? firstFree(each, used)
    used.add(name)
    return name
  })
}

/** Longest name that a port may have when these VLAN suffixes (`.100`, `.500.7`) must fit behind it into Linux's 15 bytes. */
export function longestPortName(suffixes: readonly string[]): number {
  return 15 - Math.max(0, ...suffixes.map((suffix) => suffix.length))
}

/** What of a text may stand in a description: foreign characters become blanks, and what is too long goes. May be empty. */
export function legalDescription(text: string): string {
  const isLegal = (character: string): boolean => Description.safeParse(`a${character}a`).success
  const clean = text.replace(/./gsu, (character) => (isLegal(character) ? character : ' '))
  // The limit counts UTF-16 units; half of a pair is no character.
  return clean
    .replace(/ +/g, ' ')
    .trim()
    .slice(0, 80)
    .replace(/[\uD800-\uDBFF]$/, '')
    .trim()
}

/** Writes down what became of a name; one that had to change survives as the description, where it can. */
export function moveName(ledger: Ledger, from: string, old: string, name: string, to: string): { description?: string } {
  if (old === name) {
    ledger.kept(from, `${to}.name`)
    return {}
  }
  const description = Description.safeParse(old).success ? old : undefined
  const targets = description === undefined ? [`${to}.name`] : [`${to}.name`, `${to}.description`]
  ledger.changed(from, targets, `${JSON.stringify(old)} becomes ${name}: names are unique, short, and of letters, digits, "-" and "_"`)
  return given('description', description)
}
