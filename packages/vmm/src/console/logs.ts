/** What a machine has printed, so far and from now on, without what a terminal would interpret. */
import type { Host } from '@imp/kit/host/host.ts'

/** A terminal must not be steered by a guest: escape sequences and control characters go, tabs stay (ECMA-48). */
export function plain(text: string): string {
  // oxlint-disable-next-line no-control-regex -- exactly these characters are meant
  return text.replaceAll(/\u001b(\[[0-9;?]*[ -/]*[@-~]|[()][A-Z0-9]|.)|[^\n\t\x20-\x7e\u00a0-\u{10ffff}]/gu, '')
}

/** The last `lines` of a log, all of them when undefined; empty where there is none. */
export async function tailOf(host: Host, path: string, lines: number | undefined): Promise<string> {
  if ((await host.files.stat(path)) === undefined) return ''
  const { stdout } = await host.query(['tail', '-n', lines === undefined ? '+1' : String(lines), '--', path])
  return plain(stdout)
}

/** Tells each line of the last `lines` and of what comes, until the signal; a log that is put aside is followed to its new one. */
export async function follow(
  host: Host,
  path: string,
  lines: number | undefined,
  signal: AbortSignal,
  tell: (line: string) => void,
): Promise<void> {
  const from = lines === undefined ? '+1' : String(lines)
  const onLine = (line: string): void => tell(plain(line))
  try {
    // `forever`: the longest that a timer of Node may run, 24 days.
    await host.query(['tail', '-n', from, '-F', '--', path], { signal, timeout: 2 ** 31 - 1, onLine })
  } catch (error) {
    if (!signal.aborted) throw error
  }
}
