/** Splits a command line into words, by the quoting rules that people expect of a shell and nothing else of a shell. */

/** Characters that would mean something to a shell and mean nothing here: better refused than passed on in silence. */
const shellOnly = new Set(['|', '&', ';', '<', '>', '`', '$', '(', ')', '*', '?'])

const blank = /\s/

interface Reader {
  readonly text: string
  position: number
}

function readQuoted(reader: Reader, quote: string): string {
  let word = ''
  for (reader.position += 1; reader.position < reader.text.length; reader.position += 1) {
    const character = reader.text[reader.position] ?? ''
    if (character === quote) {
      reader.position += 1
      return word
    }
    const next = reader.text[reader.position + 1]
    if (quote === '"' && character === '\\' && (next === '"' || next === '\\')) {
      word += next
      reader.position += 1
    } else word += character
  }
  throw new Error(`the quote ${quote} is not closed`)
}

function readWord(reader: Reader): string {
  let word = ''
  while (reader.position < reader.text.length) {
    const character = reader.text[reader.position] ?? ''
    if (blank.test(character)) break
    if (character === "'" || character === '"') {
      word += readQuoted(reader, character)
      continue
    }
    if (shellOnly.has(character)) throw new Error(`${JSON.stringify(character)} has no meaning here, there is no shell: quote it`)
    if (character === '\\') {
      reader.position += 1
      if (reader.position >= reader.text.length) throw new Error('nothing follows the last backslash')
    }
    word += reader.text[reader.position] ?? ''
    reader.position += 1
  }
  return word
}

/**
 * The words of a line: blanks separate, single quotes keep everything, double quotes keep all but `\"` and `\\`, a backslash keeps
 * the next character. Throws an Error that says what is wrong.
 */
export function splitWords(line: string): string[] {
  const reader: Reader = { text: line, position: 0 }
  const words: string[] = []
  for (;;) {
    while (reader.position < line.length && blank.test(line[reader.position] ?? '')) reader.position += 1
    if (reader.position >= line.length) return words
    words.push(readWord(reader))
  }
}
