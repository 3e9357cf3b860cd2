/** How sentences call lists and their members. Pure. */
import { kebabCase } from '@imp/kit/op/fields.ts'
import { wordsOf, type Listed } from './schema.ts'

const acronyms = /\b(bgp|nat(64)?|ospf6?|cpu)\b/g

function spoken(words: readonly string[]): string {
  return words
    .join(' ')
    .replaceAll('-', ' ')
    .replaceAll(acronyms, (word) => word.toUpperCase().replace('OSPF6', 'OSPFv3'))
}

/** `NAT mappings`, `policy routes`, `subinterfaces of interfaces`. */
export function pluralOf(list: Listed): string {
  const own = spoken(list.fields.map(kebabCase))
  return list.within === undefined ? own : `${own} of ${spoken(wordsOf(list.within))}`
}

/** One word of a field for one of it: `interface`, `policy-route`. */
export function singularOf({ fields }: Listed): string {
  const word = kebabCase(fields.at(-1) ?? '')
  if (/(ss|ed|from)$/.test(word)) return word
  return word.replace(/(?<=ss|x)es$|s$/, '')
}

/** `a NAT mapping`, `an interface`. */
export function oneOf(list: Listed): string {
  const words = spoken([...list.fields.slice(0, -1).map(kebabCase), singularOf(list)])
  return `${/^[aeio]/.test(words) ? 'an' : 'a'} ${words}`
}

/** `BGP`, `OSPFv3`, `container`. */
export function sectionName(field: string): string {
  return spoken([kebabCase(field)])
}
