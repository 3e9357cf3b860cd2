/** Text as a terminal shows it: columns instead of characters, lines that fit, and nothing that steers the terminal. */
import { stripVTControlCharacters } from 'node:util'

let segmenter: Intl.Segmenter | undefined

/** What people see as one character. Made on first use: most text is ASCII, and making a segmenter takes 10 ms. */
function graphemes(text: string): string[] {
  segmenter ??= new Intl.Segmenter('en', { granularity: 'grapheme' })
  return [...segmenter.segment(text)].map(({ segment }) => segment)
}

/** East Asian Wide and Fullwidth (Unicode TR 11), in blocks: scripts, Hangul, fullwidth forms, CJK extensions. */
const wide =
  /^[\u1100-\u115F\u2E80-\u303E\u3041-\u33FF\u3400-\u4DBF\u4E00-\u9FFF\uA000-\uA4CF\uA960-\uA97F\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6\u{16FE0}-\u{18DFF}\u{1B000}-\u{1B2FF}\u{20000}-\u{3FFFD}]/u
/** Shown as a picture: by itself, or because variation selector 16 or a keycap asks for it. */
const picture = /^\p{Emoji_Presentation}|\uFE0F|\u20E3/u
/** Combining marks, format and control characters alone take no column. */
const invisible = /^[\p{Mn}\p{Me}\p{Cf}\p{Cc}]+$/u

function graphemeWidth(grapheme: string): number {
  if (invisible.test(grapheme)) return 0
  return wide.test(grapheme) || picture.test(grapheme) ? 2 : 1
}

/** Columns that a text takes on a terminal; escape sequences take none. */
export function displayWidth(text: string): number {
  const plain = stripVTControlCharacters(text)
  if (/^[\x20-\x7E]*$/.test(plain)) return plain.length
  return graphemes(plain).reduce((sum, each) => sum + graphemeWidth(each), 0)
}

/** Cuts a text without escape sequences to so many columns, with an ellipsis when something is lost. */
export function truncate(text: string, columns: number): string {
  if (displayWidth(text) <= columns) return text
  let kept = ''
  let used = 0
  for (const each of graphemes(text)) {
    used += graphemeWidth(each)
    if (used > columns - 1) break
    kept += each
  }
  return columns < 1 ? '' : `${kept}…`
}

/** Breaks a text at blanks into lines of at most so many columns; a longer word keeps a line of its own. Line breaks stay. */
export function wrap(text: string, columns: number): string[] {
  return text.split('\n').flatMap((paragraph) => {
    const lines: string[] = []
    let line = ''
    for (const word of paragraph.split(/ +/)) {
      const longer = line === '' ? word : `${line} ${word}`
      if (line !== '' && displayWidth(longer) > columns) {
        lines.push(line)
        line = word
      } else line = longer
    }
    return [...lines, line]
  })
}

/** Text from elsewhere, made harmless for a terminal: no escape sequences or control characters except line breaks; tabs are blanks. */
export function printable(text: string): string {
  return stripVTControlCharacters(text)
    .replaceAll('\r\n', '\n')
    .replaceAll('\t', '  ')
    .replace(/[^\P{Cc}\n]|[\u202A-\u202E\u2066-\u2069]/gu, '')
}
