/** The command line of a real VPP at a real terminal: typed at, paged, and left again. */
import assert from 'node:assert/strict'
import { mkdir } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { suite, test } from 'node:test'
import { z } from 'zod'
import { encode, type DocumentKind } from '@imp/kit/store/document.ts'
import { changed } from '../../packages/imp/src/config/sample.ts'
import { openTerminal, terminalObstacle } from './tmux-fixture.ts'
import { machine, realVpp, vppObstacle } from './vpp-fixture.ts'

const running: DocumentKind<z.ZodObject> = { schema: 'imp.running', version: 1, fields: z.looseObject({}) }
const main = join(import.meta.dirname, '../../packages/imp/src/main.ts')

/** vppctl of the person's PATH. */
async function findVppctl(): Promise<string | undefined> {
  for (const directory of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = join(directory, 'vppctl')
    if (directory.startsWith('/') && (await machine.files.stat(path)) !== undefined) return path
  }
  return undefined
}

/** The sockets and vppctl where an appliance has them, for this command alone: in a mount namespace of its own (unshare(1)). */
const wrapper = [
  'mount -t tmpfs none /run && mkdir /run/vpp && ln -s "$1"/*.sock /run/vpp/',
  'mount -t tmpfs none /usr/local/sbin && ln -s "$2" /usr/local/sbin/vppctl && shift 2',
  'exec "$@"',
].join(' && ')

const vppctl = await findVppctl()
const missing = vppObstacle() ?? terminalObstacle() ?? (vppctl === undefined ? 'needs vppctl on the PATH' : undefined)

suite('the shell of VPP at a terminal', { skip: missing ?? false }, () => {
  test('answers what is typed, shows long answers page by page, and ends as it was asked to', async (t) => {
    const real = await realVpp(t, 'shell', [])
    await real.start('core', ['ping'], '128M')
    const state = join(real.directory, 'state')
    await mkdir(join(state, 'dataplane'), { recursive: true })
    const fields = {
      appliedAt: '2026-03-01T12:00:00.000Z',
      config: changed({ dataplane: 'vpp' }),
      made: { links: [], rules: [], tables: [] },
    }
    await machine.files.write(join(state, 'dataplane', 'running.json'), encode(running, fields))
    const imp = [process.execPath, '--disable-warning=ExperimentalWarning', main, 'shell', 'core']
    const environment = {
      PATH: process.env['PATH'] ?? '',
      TERM: 'xterm',
      HOME: real.directory,
      IMP_STATE_DIR: state,
      IMP_RUN_DIR: real.directory,
    }
    const command = ['unshare', '-m', 'sh', '-c', wrapper, 'sh', real.directory, vppctl ?? '', ...imp]
    const terminal = await openTerminal(command, { directory: real.directory, name: 'shell', environment, lines: 20 })
    // Before what was registered earlier takes the directory of its socket away.
    try {
      await terminal.see(/vpp# $|vpp#$/m)
      await terminal.type('show version', 'Enter')
      await terminal.see(/vpp v\d+\.\d+[^]*vpp#$/)
      await terminal.type('show nonsense', 'Enter')
      await terminal.see(/unknown input `nonsense'[^]*vpp#$/)
      // More lines than the terminal has: VPP waits for a key before it shows the rest.
      await terminal.type('help', 'Enter')
      await terminal.see(/-- more --/)
      await terminal.type('q')
      await terminal.see(/vpp#$/)
      await terminal.type('quit', 'Enter')
      assert.match(await terminal.see(/ended with \d+/), /ended with 0/)
    } finally {
      await terminal.hangUp()
    }
  })
})
