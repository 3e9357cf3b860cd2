import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'
import { mergeLayers, type Merged } from './oci/merge.ts'
import type { ImageConfig } from './oci/manifest.ts'
import { directory, file, layerOf, link, symlink, tarOf, type Entry } from './oci/sample.ts'
import { accountOf, chooseStart, commandOf, decisive, renderStart, resolvePath, type Command, type Start } from './start.ts'

const merged = (...entries: readonly Entry[]): Promise<Merged> => mergeLayers([layerOf(tarOf(entries))], [...decisive])
const configured = (config: NonNullable<ImageConfig['config']>): ImageConfig => ({
  architecture: 'amd64',
  os: 'linux',
  config,
  rootfs: { type: 'layers', diff_ids: [] },
})

const systemd = [
  directory('usr'),
  file('usr/lib/systemd/systemd'),
  symlink('lib', 'usr/lib'),
  symlink('usr/sbin/init', '/lib/systemd/systemd'),
]
const busybox = [file('bin/busybox'), symlink('sbin/init', '/bin/busybox')]
const alpine = [...busybox, file('etc/inittab', '::sysinit:/sbin/openrc sysinit\n::respawn:/sbin/getty 38400 tty1\n')]
const passwd = [file('etc/passwd', 'root:x:0:0::/root:/bin/sh\nwww:x:33:34::/srv:/bin/sh\n'), file('etc/group', 'web:x:80:\n')]

test('links of the image are followed as in the guest', async () => {
  const { winners } = await merged(...systemd, symlink('a', 'b'), symlink('b', 'a'), symlink('up', '../../lib'), file('x'))
  assert.equal(resolvePath(winners, 'usr/sbin/init'), 'usr/lib/systemd/systemd')
  assert.equal(resolvePath(winners, 'up/systemd/systemd'), 'usr/lib/systemd/systemd')
  assert.equal(resolvePath(winners, 'a'), undefined)
  assert.equal(resolvePath(winners, 'sbin/init'), undefined)
})

const cases: readonly (readonly [string, readonly Entry[], NonNullable<ImageConfig['config']> | undefined, Start['kind']])[] = [
  ['an image with systemd starts it', systemd, { Cmd: ['bash'] }, 'init'],
  ['systemd wins over a command', systemd, { Cmd: ['nginx'] }, 'init'],
  ["busybox's init with a table of its own starts", [...busybox, file('etc/inittab', '::respawn:/bin/sh\n')], { Cmd: ['/bin/sh'] }, 'init'],
  ['a hard link to busybox is one too', [file('bin/busybox'), link('sbin/init', 'bin/busybox')], undefined, 'ssh'],
  ['Alpine without OpenRC has no init', alpine, { Cmd: ['/bin/sh'] }, 'ssh'],
  ['Alpine with OpenRC has one', [...alpine, file('sbin/openrc')], { Cmd: ['/bin/sh'] }, 'init'],
  ['a command wins over the init of busybox', [...alpine, file('sbin/openrc')], { Entrypoint: ['/start'], Cmd: ['nginx'] }, 'command'],
  ['an image without init runs its command', [file('web')], { Entrypoint: ['/web'] }, 'command'],
  ['a command that is the init means it', systemd, { Cmd: ['/usr/sbin/init'] }, 'init'],
  ['a link to nothing is no init', [symlink('sbin/init', '/lib/nothing')], { Cmd: ['sh', '-l'] }, 'ssh'],
  ['a shell with something to do is a command', [file('bin/sh')], { Cmd: ['sh', '-c', 'serve'] }, 'command'],
]

for (const [title, entries, config, kind] of cases) {
  test(title, async () => {
    const start = chooseStart(await merged(...entries), config === undefined ? undefined : configured(config))
    assert.equal(start.kind, kind)
  })
}

test('what is asked for and is not there is refused', async () => {
  const image = await merged(file('a'))
  assert.throws(() => chooseStart(image, undefined, 'init'), { message: 'the image has no init that could start it' })
  assert.throws(() => chooseStart(image, undefined, 'command'), { message: 'the image does not say what it runs' })
  assert.equal(chooseStart(await merged(...systemd), undefined, 'ssh').kind, 'ssh')
})

test('users are found by name and number', async () => {
  const { contents } = await merged(...passwd)
  const ids = (text: string): [number, number] => [accountOf(contents, text).uid, accountOf(contents, text).gid]
  assert.deepEqual(['', 'www', '33', '33:7', 'www:web', '1000'].map(ids), [
    [0, 0],
    [33, 34],
    [33, 34],
    [33, 7],
    [33, 80],
    [1000, 0],
  ])
  assert.throws(() => accountOf(contents, 'nobody'), /runs as nobody, a user that it does not have/)
  assert.throws(() => accountOf(contents, 'www:none'), /the group none, which it does not have/)
})

test('the command has the environment, directory and signal of the configuration', async () => {
  const { contents } = await merged(...passwd)
  const config = configured({ Entrypoint: ['/run'], Cmd: ['-x'], Env: ['A=1', 'PATH=/opt', 'broken'], User: 'www', StopSignal: 'SIGQUIT' })
  assert.deepEqual(commandOf(config, contents), {
    words: ['/run', '-x'],
    environment: ['HOME=/srv', 'A=1', 'PATH=/opt'],
    directory: '/',
    uid: 33,
    gid: 34,
    signal: 'QUIT',
  } satisfies Command)
  assert.throws(() => commandOf(configured({ Cmd: ['a\0b'] }), contents), /zero byte/)
})

test('a shell reads the words of the command as they were', async () => {
  const words = ["it's", 'a "b" $HOME `id`', '', '-n', 'line\nline', '$(reboot)']
  const config = configured({ Cmd: ['/run', ...words], Env: [`ODD-NAME=$x 'y'`], WorkingDir: "/a b/'c'" })
  const start = chooseStart(await merged(file('run')), config)
  const script = `${renderStart(start)}\nprintf '%s|' "$command_directory" "$command_program"\nrun_command printf '%s|'`
  assert.equal(execFileSync('sh', { input: script, encoding: 'utf8' }), ["/a b/'c'", '/run', ...words, ''].join('|'))
  const bare = chooseStart(await merged(file('run')), configured({ Cmd: ['/run'], Env: [`ODD-NAME=$x 'y'`] }))
  const environment = execFileSync('sh', { input: `${renderStart(bare)}\nrun_command env`, encoding: 'utf8' })
  assert.match(environment, /^ODD-NAME=\$x 'y'$/m)
})
