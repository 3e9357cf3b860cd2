/**
 * Lines of FRR that carry a secret. Outside of the conversation with a daemon they hold a placeholder; the value is put in where a line
 * is sent, and taken out where a line is read. Pure.
 */
import { Fault } from '@imp/kit/base/fault.ts'
import { labelOf, placeholder, unknownLabel, type SecretValues } from '../secrets/model.ts'
import type { Line } from './parse.ts'

const carrier = /^(neighbor \S+ password|ip ospf message-digest-key \d+ md5) (\S.*)$/

/** What a daemon has, with placeholders; `secret:?` stands for a value that is no secret of ours and was set by hand. */
export function maskLines(lines: readonly Line[], values: SecretValues): Line[] {
  const labels = new Map([...values].toReversed().map(([label, value]) => [value, label]))
  // A secret that is in force counts before one that was.
  for (const [label, value] of values) if (!label.includes('/')) labels.set(value, label)
  const mask = ({ text, children }: Line): Line => {
    const [, words, value] = carrier.exec(text) ?? []
    const masked = words === undefined ? text : `${words} ${placeholder(labels.get(value ?? '') ?? unknownLabel)}`
    return { text: masked, children: children.map(mask) }
  }
  return lines.map(mask)
}

/** Whether a command carries a secret. */
export function carriesSecret(command: string): boolean {
  return carrier.test(command)
}

/** Whether a line has a secret in it instead of the name of one. */
export function baresSecret(line: string): boolean {
  const [, , word] = carrier.exec(line) ?? []
  return word !== undefined && labelOf(word) === undefined
}

/** A command as it is sent. A `state` fault when its secret is not set. */
export function revealed(command: string, values: SecretValues): string {
  const [, words, word = ''] = carrier.exec(command) ?? []
  const label = words === undefined ? undefined : labelOf(word)
  if (words === undefined || label === undefined) return command
  const value = values.get(label)
  if (value !== undefined) return `${words} ${value}`
  const name = label.split('/')[0] ?? label
  if (label === unknownLabel)
    throw new Fault('state', `${words}: the value that was there before was set by hand and is not known`, { hint: 'set it by hand again' })
  throw new Fault('state', `${words}: the secret ${name} is not set`, { hint: `imp secret set ${name}` })
}

/** A text of a program that may repeat what it was told, without the values. */
export function masked(text: string, values: SecretValues): string {
  return [...values].toReversed().reduce((rest, [label, value]) => rest.replaceAll(value, placeholder(label)), text)
}

/**
 * What is wanted, with what the daemon has wherever the wanted value is not known any more. Only undoing wants such values, and nobody can
 * bring one back; where the line is gone, the running document decides what stands there (pipeline/recover.ts).
 */
export function keepUnknown(wanted: readonly Line[], have: readonly Line[]): Line[] {
  const present = new Map(have.map((line) => [line.text, line]))
  return wanted.flatMap((line) => {
    const children = line.children.length === 0 ? [] : keepUnknown(line.children, present.get(line.text)?.children ?? [])
    const [, words, word = ''] = carrier.exec(line.text) ?? []
    if (words === undefined || labelOf(word) !== unknownLabel) return [{ text: line.text, children }]
    const there = have.find((each) => each.text.startsWith(`${words} `))
    return there === undefined ? [] : [{ text: there.text, children }]
  })
}
