/** Words of an example, as a shell would split them: single and double quotes, up to a pipe or redirection. Nothing is expanded. */
export function splitWords(line: string): string[] {
  const words: string[] = []
  for (const [, single, double, bare] of line.matchAll(/'([^']*)'|"([^"]*)"|([^\s'"]+)/g)) {
    if (bare !== undefined && /^[|>]/.test(bare)) break
    words.push(single ?? double ?? bare ?? '')
  }
  return words
}
