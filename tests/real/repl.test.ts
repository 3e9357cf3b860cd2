/** Sessions typed at a real terminal (tmux): menus, Tab and `?` at three levels, wrong words, pipes, ^C, and programs that get the terminal. */
import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import { shellQuote } from '@imp/kit/host/exec.ts'
import { systemClock } from '@imp/kit/host/local.ts'
import { until } from '@imp/kit/host/until.ts'

const run = promisify(execFile)
const root = join(import.meta.dirname, '..', '..')
const skip = spawnSync('tmux', ['-V']).error === undefined ? false : 'needs tmux'

let directory = ''
before(() => {
  directory = mkdtempSync(join(tmpdir(), 'imp-repl-'))
})
after(() => rmSync(directory, { recursive: true }))

/** Counts terminals: each has a tmux server of its own, since one that ends may still hold its socket when the next begins. */
let terminal = 0

async function tmux(...words: string[]): Promise<string> {
  return (await run('tmux', ['-S', join(directory, `tmux-${terminal}`), '-f', '/dev/null', ...words])).stdout
}

afterEach(async () => {
  // The server ends with its last session, by itself or here.
  await tmux('kill-server').catch(() => undefined)
  // A candidate of one test is none of the next.
  rmSync(join(directory, 'config'), { recursive: true, force: true })
})

/** What the terminal showed so far, without the blanks at the ends of lines. */
async function shown(): Promise<string> {
  return (await tmux('capture-pane', '-p', '-J', '-S', '-')).replaceAll(/ +$/gm, '').trimEnd()
}

async function see(expected: RegExp): Promise<string> {
  let text = ''
  try {
    return await until(systemClock, { timeout: 90_000, what: String(expected) }, async () => {
      text = await shown()
      return expected.test(text) ? text : undefined
    })
  } catch (error) {
    throw new Error(`${expected} was not seen in:\n${text}`, { cause: error })
  }
}

/** Types text as it is, then keys by their names in tmux(1). */
async function type(text: string, ...keys: string[]): Promise<void> {
  if (text !== '') await tmux('send-keys', '-l', '--', text)
  if (keys.length > 0) await tmux('send-keys', ...keys)
}

/** A new terminal in which a command runs; its exit status is shown behind it. */
async function open(command: readonly string[]): Promise<void> {
  const environment = {
    HOME: directory,
    XDG_STATE_HOME: join(directory, 'state'),
    IMP_RUN_DIR: join(directory, 'run'),
    IMP_STATE_DIR: join(directory, 'config'),
  }
  const set = Object.entries(environment).map(([name, value]) => `${name}=${shellQuote(value)}`)
  const line = `cd ${shellQuote(root)}; env ${set.join(' ')} ${command.map(shellQuote).join(' ')}; echo "ended with $?"; cat`
  terminal += 1
  await tmux('new-session', '-d', '-x', '100', '-y', '50', line)
}

describe('imp alone', { skip, concurrency: false }, () => {
  const history = (): string => join(directory, 'state', 'imp', 'history')

  test('a session with completion at three levels, and a wrong word at each', async () => {
    await open([join(root, 'bin', 'imp')])
    await see(/^imp>$/m)
    await type('la', 'Tab')
    await see(/^imp> lab$/m)
    await type('', 'Enter')
    await see(/^imp\.lab>$/m)
    await type('ins', 'Tab')
    await see(/^imp\.lab> inspect$/m)
    // A file is the value of the third word.
    await type('exam', 'Tab')
    await see(/^imp\.lab> inspect examples\/$/m)
    await type('v', 'Tab')
    await type('l', 'Tab')
    await see(/^imp\.lab> inspect examples\/vlan\/lab\.yaml$/m)
    await type('', 'C-c')
    await see(/lab\.yaml \^C\nimp\.lab>$/m)

    await type('inspct demo', 'Enter')
    await see(/imp lab has no command "inspct"\nhint: did you mean "inspect"\?\nimp\.lab>$/)
    await type('inspect nosuchlab', 'Enter')
    await see(/nosuchlab[^]*imp\.lab>$/)
    await type('home', 'Enter')
    await type('chck x', 'Enter')
    await see(/imp has no command "chck"\nhint: did you mean "check"\?\nimp>$/)

    await type('check examples/demo/edge.router.json', 'Enter')
    await see(/check examples\/demo\/edge\.router\.json\n[^]*imp>$/)
    await type('snapshot list', 'Enter')
    await see(/^imp has no snapshots of the system yet$/m)
    await type('exit', 'Enter')
    await see(/ended with 0$/)
    assert.match(readFileSync(history(), 'utf8'), /^lab \ninspct demo\n/)
    assert.equal(statSync(history()).mode & 0o777, 0o600)
  })

  test('the session of the mission: direct words, staged changes, levels, and the way back', async () => {
    await open([join(root, 'bin', 'imp')])
    await see(/^imp>$/m)
    await type('shell core', 'Enter')
    await see(/the shells of VPP come with the VPP dataplane\nhint: [^]*imp>$/)
    await type('loopbacks add router-id --ipv4 203.0.113.1/32', 'Enter')
    await see(/^\+ loopbacks\.router-id = \{[^]*1 change in the candidate[^]*^imp\*>$/m)
    await type('nat mappings list', 'Enter')
    await see(/^there are none\nimp\*>$/m)
    await type('snapshot list', 'Enter')
    await see(/^imp has no snapshots of the system yet$/m)
    await type('interfaces add external --role external --ipv4 192.0.2.2/30', 'Enter')
    await see(/^\+ interfaces\.external = [^]*^2 changes in the candidate/m)

    // Tab at three levels: the menu, the member, the value.
    await type('interf', 'Tab', 'Enter')
    await see(/^imp\.interfaces\*>$/m)
    await type('ext', 'Tab')
    await see(/^imp\.interfaces\*> external$/m)
    await type('', 'Enter')
    await see(/^imp\.interfaces\.external\*>$/m)
    await type('show', 'Enter')
    await see(/^name +external\nrole +external\naddresses +192\.0\.2\.2\/30\nimp\.interfaces\.external\*>$/m)
    await type('set enab', 'Tab')
    await type('f', 'Tab')
    await see(/external\*> set enabled false$/m)
    await type('', 'Enter')
    await see(/"enabled":false/)
    await type('set mtu ?')
    await see(/VALUE +largest packet in bytes[^]*1280\s+to\s+9216;\s+default\s+1500/)
    await type('', 'C-c')

    // A wrong word at each level.
    await type('delte mtu', 'Enter')
    await see(/imp interfaces external has no command "delte"\nhint: did you mean "delete"\?/)
    await type('back', 'Enter')
    await see(/^imp\.interfaces\*>$/m)
    await type('extrnal', 'Enter')
    await see(/imp interfaces has no command "extrnal"\nhint: did you mean "external"\?/)
    await type('edit external.ospf', 'Enter')
    await see(/^imp\.interfaces\.external\.ospf\*>$/m)
    await type('set area x', 'Enter')
    await see(/interfaces\.external\.ospf\.area: "x" is not a number/)
    await type('home', 'Enter')
    await type('interfces', 'Enter')
    await see(/imp has no command "interfces"\nhint: did you mean "interfaces"\?\nimp\*>$/)
    await type('edit bgp.peers.nobody', 'Enter')
    await see(/there is no "nobody" in bgp\.peers/)

    // Alone it is the candidate that is applied; the command line takes a file.
    await type('apply --dry-run --no-health', 'Enter')
    await see(/imp[^]*apply --dry-run --no-health\n[^]+\nimp\*>$/)
    await type('agent', 'Enter')
    await see(/^imp has no agent yet$/m)
    await type('exit', 'Enter')
    await see(/ended with 0$/)
  })

  test('long results come page by page, or go elsewhere', async () => {
    await open([join(root, 'bin', 'imp')])
    await see(/^imp>$/m)
    await type('schema', 'Enter')
    await see(/^-- more -- \d+%/m)
    await type(' ')
    await type('q')
    await see(/^imp>$/m)
    await type(`schema | save ${join(directory, 'schema.json')}`, 'Enter')
    await see(/^wrote .*schema\.json$/m)
    assert.ok(readFileSync(join(directory, 'schema.json'), 'utf8').startsWith('{'))
    await type('schema | find policyRoutes | last 3 | count', 'Enter')
    await see(/^3 lines$/m)
    await type('schema | no-more', 'Enter')
    await see(/^\}\nimp>$/m)
    // In the middle of a line as well: it stays as it is.
    await type('interfaces xx', 'Left', 'Left', '?')
    await see(/^ {2}add +Add an interface[^]*\nimp> interfaces xx$/m)
    await type('', 'C-c')
    await type('', 'C-d')
    await see(/ended with 0$/)
  })

  test('a line that was cleared is followed by another at once: no key is lost in between', async () => {
    for (let turn = 1; turn <= 5; turn += 1) {
      await open([join(root, 'bin', 'imp')])
      await see(/^imp>$/m)
      await type('interfaces', 'C-c', 'C-d')
      await see(/^imp> interfaces\^C\nimp>\nended with 0$/m)
      await tmux('kill-server')
    }
  })

  test('many lines leave nothing behind at the terminal', async () => {
    await open([join(root, 'bin', 'imp')])
    await see(/^imp>$/m)
    // Node warns from the eleventh listener on.
    for (let line = 1; line <= 12; line += 1) {
      await type('lab', 'Enter')
      await type('back', 'Enter')
    }
    await type('exit', 'Enter')
    assert.doesNotMatch(await see(/ended with 0$/), /Warning/)
  })

  test('? needs no Enter and leaves the line as it is', async () => {
    await open([join(root, 'bin', 'imp')])
    await see(/^imp>$/m)
    await type('lab ?')
    await see(/^imp> lab\n {2}up +Bring a virtual network up[^]*\n {2}exec [^]*\nimp> lab$/m)
    await type('list | m?')
    await see(/^ {2}match REGEX +keep the lines in which it is found\nimp> lab list \| m$/m)
    await type('atch a?', 'Enter')
    await see(/^imp> lab list \| match a\?\n/m)
    await type('lab inspect ', '?')
    await see(/FILE +topology file/)
    await type('', 'C-c')
    await type('', 'C-d')
    await see(/ended with 0$/)
  })

  test('the lines of an earlier session are there', async () => {
    mkdirSync(join(history(), '..'), { recursive: true })
    writeFileSync(history(), 'status\nlab list | count\n')
    await open([join(root, 'bin', 'imp')])
    await see(/^imp>$/m)
    await type('', 'Up')
    await see(/^imp> lab list \| count$/m)
    await type('', 'Enter')
    await see(/^\d+ lines?$/m)
    await type('', 'C-d')
    await see(/ended with 0$/)
    assert.equal(readFileSync(history(), 'utf8'), 'status\nlab list | count\n')
  })

  test('without a terminal it prints help', async () => {
    await open(['sh', '-c', `${shellQuote(join(root, 'bin', 'imp'))} | head -1`])
    await see(/^imp - turns a Debian machine into a router/m)
    const { stdout } = await run(join(root, 'bin', 'imp'), [])
    assert.match(stdout, /^imp - turns/)
  })
})

describe('programs and the terminal', { skip, concurrency: false }, () => {
  const session = async (): Promise<void> => {
    const surface = (name: string): string => JSON.stringify(new URL(`../../packages/kit/src/surface/${name}`, import.meta.url).href)
    const main = join(directory, 'router.mjs')
    const imports = `import { startSession } from ${surface('repl/repl.ts')}\nimport { program } from ${surface('fake-router.ts')}\n`
    writeFileSync(main, `${imports}await startSession(program, { history: ${JSON.stringify(join(directory, 'router-history'))} })\n`)
    await open([process.execPath, '--disable-warning=ExperimentalWarning', main])
    await see(/^router>$/m)
  }

  test('a program gets the terminal and gives it back', async () => {
    await session()
    await type('shell core', 'Enter')
    await see(/^shell opened$/m)
    await type('typed to it', 'Enter')
    await see(/^got typed to it\nrouter>$/m)
    await type('sta', 'Tab', 'Enter')
    await see(/^router> status\nzebra up\nbgpd up\nospfd up\nrouter>$/m)
    // ^C is the program's: it ends, we go on.
    await type('shell core', 'Enter')
    await see(/shell opened\n[^]*shell opened$/)
    await type('', 'C-c')
    await see(/shell opened\n(\^C\n)?router>$/)
  })

  test('^C ends what runs and not the session', async () => {
    await session()
    await type('wait', 'Enter')
    await see(/waiting$/)
    await type('', 'C-c')
    await see(/interrupted\nrouter>$/)
    await type('status | count', 'Enter')
    await see(/^3 lines$/m)
  })

  test('what cannot be undone is asked for', async () => {
    await session()
    await type('nat mappings', 'Enter')
    await type('delete web', 'Enter')
    await see(/router nat mappings delete web: this cannot be undone\. Go on\? \[y\/N\]$/)
    await type('n', 'Enter')
    await see(/not confirmed, nothing was changed\nrouter\.nat\.mappings>$/)
    await type('delete web', 'Enter')
    await see(/nothing was changed[^]*\[y\/N\]$/)
    await type('y', 'Enter')
    await see(/^deleted web\nrouter\.nat\.mappings>$/m)
    await type('delete web', 'Enter')
    await see(/deleted web[^]*\[y\/N\]$/)
    await type('', 'C-c')
    await see(/router: interrupted\n[^]*router\.nat\.mappings>$/)
  })

  test('pasted lines are obeyed one after the other', async () => {
    await session()
    await tmux('set-buffer', 'nat mappings\nadd one\nadd full\nadd two\nhome\n')
    await tmux('paste-buffer')
    const text = await see(/added two\n[^]*^router>$/m)
    assert.match(text, /added one\n[^]*no ports are left\n[^]*added two\n/)
  })

  test('three levels deep, quotes and live values', async () => {
    await session()
    await type('na', 'Tab')
    await type('ma', 'Tab')
    await type('ad', 'Tab')
    await type('ma', 'Tab')
    await see(/^router> nat mappings add mail$/m)
    await type('--proto', 'Tab')
    await type('u', 'Tab', 'Enter')
    await see(/^router> nat mappings add mail --protocol udp\nadded mail\nrouter>$/m)
    await type('nat', 'Enter', 'mapings', 'Enter')
    await see(/router nat has no command "mapings"\nhint: did you mean "mappings"\?\nrouter\.nat>$/)
    await type('mappings add x --protocol sctp', 'Enter')
    await see(/--protocol[^]*one of: tcp, udp\nrouter\.nat>$/)
  })
})
