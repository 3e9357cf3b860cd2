/** What a machine has printed, so far and from now on, without what a terminal would interpret. */
import { StringDecoder } from 'node:string_decoder'
import type { Host } from '@imp/kit/host/host.ts'
import { readLog } from './log-reader.ts'

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

/** Bytes of the end of a log that are told before what comes: as many as a log that is kept short can have. */
const past = 8 << 20

/** Cuts bytes into lines; what has no end yet waits for it. */
function lineCutter(): (bytes: Buffer) => string[] {
  const decoder = new StringDecoder('utf8')
  let begun = ''
  return (bytes) => {
    const lines = (begun + decoder.write(bytes)).split(/\r?\n/)
    begun = lines.pop() ?? ''
    return lines
  }
}

/** Tells each line of the last `lines` and of what comes, until the signal; a log that begins anew is followed there. */
export async function follow(
  host: Host,
  path: string,
  lines: number | undefined,
  signal: AbortSignal,
  tell: (line: string) => void,
): Promise<void> {
  const reader = await readLog(host, path, past)
  const linesOf = lineCutter()
  const present = linesOf(reader.past)
  for (const line of present.slice(lines === undefined ? 0 : Math.max(0, present.length - lines))) tell(plain(line))
  while (!signal.aborted) {
    const bytes = await reader.next()
    for (const line of linesOf(bytes)) tell(plain(line))
    if (bytes.length === 0) await pause(host, signal)
  }
}

async function pause(host: Host, signal: AbortSignal): Promise<void> {
  try {
    await host.clock.sleep(200, signal)
  } catch (error) {
    if (!signal.aborted) throw error
  }
}
