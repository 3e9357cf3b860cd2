/** Colours for people. Whether there are any is decided once, at the surface; everything else only names what it wants. */
import { styleText } from 'node:util'

export type Format = Parameters<typeof styleText>[0]

/** Dresses a text, or leaves it alone. */
export type Style = (format: Format, text: string) => string

export function styleFor(colour: boolean): Style {
  return colour ? (format, text) => styleText(format, text, { validateStream: false }) : (_, text) => text
}
