/** Flags that every command takes. They hold no values, so that they may stand anywhere before `--`. */

export interface Globals {
  readonly json: boolean
  readonly dryRun: boolean
  readonly yes: boolean
  readonly help: boolean
  readonly debug: boolean
  readonly noColour: boolean
}

export interface GlobalFlag {
  readonly key: keyof Globals
  readonly words: readonly [string, ...string[]]
  readonly description: string
}

export const globalFlags: readonly GlobalFlag[] = [
  { key: 'json', words: ['--json'], description: 'print one JSON value; events are JSON lines on standard error' },
  { key: 'dryRun', words: ['--dry-run'], description: 'show the steps and change nothing' },
  { key: 'yes', words: ['--yes', '-y'], description: 'do what cannot be undone without asking' },
  { key: 'debug', words: ['--debug'], description: 'show where an error came from' },
  { key: 'noColour', words: ['--no-colour', '--no-color'], description: 'no colours, as with NO_COLOR in the environment' },
  { key: 'help', words: ['--help', '-h'], description: 'explain a command' },
]

export interface Split {
  readonly globals: Globals
  /** The other words, in their order. */
  readonly words: readonly string[]
}

/** Takes the global flags out of the words before `--`. */
export function splitGlobals(argv: readonly string[]): Split {
  const end = argv.indexOf('--')
  const before = end < 0 ? argv : argv.slice(0, end)
  const after = end < 0 ? [] : argv.slice(end)
  const given = (key: keyof Globals): boolean =>
    globalFlags.some((flag) => flag.key === key && flag.words.some((word) => before.includes(word)))
  const known = globalFlags.flatMap((flag) => flag.words)
  return {
    globals: {
      json: given('json'),
      dryRun: given('dryRun'),
      yes: given('yes'),
      help: given('help'),
      debug: given('debug'),
      noColour: given('noColour'),
    },
    words: [...before.filter((word) => !known.includes(word)), ...after],
  }
}
