/** What remoteHost asks of ssh: words joined for a shell on the other side. Here the other side is this machine. */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { localHost } from './local.ts'
import { remoteHost } from './remote.ts'

const directory = mkdtempSync(join(tmpdir(), 'remote-'))
const at = (name: string): string => join(directory, name)
const remote = remoteHost(localHost(), { name: 'guest web1', ssh: [at('ssh'), '-p', '2222', 'root@127.0.0.1'] })

before(() => {
  // As sshd does: everything behind -- is joined by blanks and given to a shell. Without words there is only -O exit.
  writeFileSync(
    at('ssh'),
    '#!/bin/sh\nwhile [ $# -gt 0 ] && [ "$1" != -- ]; do shift; done\n[ $# -gt 0 ] || exit 0\nshift\nexec sh -c "$*"\n',
    { mode: 0o755 },
  )
})
after(async () => {
  await remote.close()
  rmSync(directory, { recursive: true })
})

test('every word arrives as it was', async () => {
  const words = ['a b', "it's", '$HOME', '`id`', '"', '\\', '*', '', '-n', 'ä', 'a;b', 'a\nb']
  const { stdout, argv } = await remote.query(['printf', '<%s>', ...words])
  assert.equal(stdout, words.map((word) => `<${word}>`).join(''))
  assert.equal(argv[0], 'printf')
})

test('environment, directory, input and statuses', async () => {
  const ran = await remote.run(['sh', '-c', 'echo "$A" "$PWD"; cat; exit 3'], {
    env: { A: "x 'y" },
    cwd: '/usr',
    input: 'in',
    statuses: [3],
  })
  assert.deepEqual([ran.stdout, ran.status], ["x 'y /usr\nin", 3])
})

test('a failing program there and a failing way there are told apart', async () => {
  await assert.rejects(remote.run(['sh', '-c', 'exit 4']), { code: 'exec', message: /status 4/ })
  await assert.rejects(remote.run(['sh', '-c', 'echo "Connection refused" >&2; exit 255']), {
    code: 'exec',
    message: 'cannot reach guest web1',
    detail: 'Connection refused',
  })
})

describe('files there', () => {
  const { files } = remote
  test('written, read, listed, renamed, removed', async () => {
    await files.makeDirectory(at('d/e'))
    await files.write(at('d/e/a'), 'one\ntwo\n', { mode: 0o600 })
    assert.equal(await files.read(at('d/e/a')), 'one\ntwo\n')
    assert.deepEqual(await files.list(at('d/e')), ['a'])
    const { kind, size, mode } = (await files.stat(at('d/e/a'))) ?? {}
    assert.deepEqual([kind, size, mode], ['file', 8, 0o600])
    await files.rename(at('d/e/a'), at('d/b'))
    assert.deepEqual(await files.list(at('d/e')), [])
    await files.remove(at('d'))
    await files.remove(at('d'))
    assert.equal(await files.stat(at('d')), undefined)
  })
  test('kinds are known without words', async () => {
    await files.makeDirectory(at('kinds'))
    symlinkSync('/nowhere', at('kinds/link'))
    assert.deepEqual(
      await Promise.all(['/etc', '/etc/passwd', '/dev/null', at('kinds/link')].map(async (path) => (await files.stat(path))?.kind)),
      ['directory', 'file', 'device', 'link'],
    )
  })
  test('a directory in the way is not moved into', async () => {
    await files.makeDirectory(at('way'))
    await files.write(at('one'), '1')
    await assert.rejects(files.write(at('way'), '2'), { code: 'exec' })
    await assert.rejects(files.rename(at('one'), at('way')), { code: 'exec' })
    assert.deepEqual(await files.list(at('way')), [])
  })
  test('a guest that talks nonsense is not believed', async () => {
    const liar = remoteHost(localHost(), { name: 'guest web2', ssh: [at('liar/ssh'), 'root@127.0.0.1'] })
    mkdirSync(at('liar'))
    writeFileSync(at('liar/ssh'), '#!/bin/sh\ncase "$*" in *stat*) echo "welcome to the machine";; esac\n', { mode: 0o755 })
    await assert.rejects(liar.files.stat('/etc'), {
      code: 'exec',
      message: 'nobody understands what /etc is',
      detail: 'welcome to the machine',
    })
    await liar.close()
  })
  test('what is not there', async () => {
    await assert.rejects(files.read(at('none')), { code: 'not-found' })
    await assert.rejects(files.list(at('none')), { code: 'not-found' })
  })
  test('a failing write leaves nothing', async () => {
    await assert.rejects(files.write(at('none/a'), 'x'))
    assert.equal(await files.stat(at('none')), undefined)
  })
  test('files without a last line break are read as they are', async () => {
    for (const text of ['no break', '', '\n', 'two\n\n']) {
      await files.write(at('f'), text)
      assert.equal(await files.read(at('f')), text)
    }
  })
})
