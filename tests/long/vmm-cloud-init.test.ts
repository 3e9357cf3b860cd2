/** cloud-init of Debian in a guest on real QEMU: told by its disk, seen over ssh. */
import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { makeDataDirectory, missing, removeDataDirectory, vmmOn, type Ended, type Vmm } from '../real/vmm-machine-command.ts'

const skip = missing(['qemu-system-x86_64', 'ssh', 'ssh-keyscan', 'ss', 'mmdebstrap'], true) ?? false

/** cloud-init is started by systemd, and finds its disk by what udev knows of it. */
const image = `cloud-${process.pid}`
const packages = ['cloud-init', 'systemd-sysv', 'udev'].flatMap((name) => ['--package', name])

const userData = `#cloud-config
users:
  - name: alice
    shell: /bin/bash
# The image has no locales.
locale: false
packages: []
write_files:
  - path: /etc/told
    content: hello
runcmd:
  - [sh, -c, 'echo ran >/root/ran']
`

describe('cloud-init in a guest of Debian', { skip, concurrency: false }, () => {
  let cli: Vmm
  const guest = (...words: string[]): Promise<Ended> => cli.run('exec', 'ci1', '--', ...words)

  before(async () => {
    cli = vmmOn(await makeDataDirectory())
    await cli.json('image', 'build', image, ...packages)
  })
  after(async () => {
    await cli.run('delete', '--force', '--yes', 'ci1')
    await cli.run('image', 'delete', '--yes', image)
    await removeDataDirectory(cli)
  })

  it('is refused what it would leave aside, before there is a machine', async () => {
    const file = join(cli.directory, 'wrong')
    await writeFile(file, 'packages: []\n')
    const refused = await cli.run('create', 'ci1', '--image', image, '--user-data', file)
    assert.equal(refused.status, 2)
    assert.match(refused.stderr, /which cloud-init ignores/)
    assert.notEqual((await cli.run('show', 'ci1')).status, 0)
  })

  it('makes the user, writes the file and runs the command, and leaves the network to vmm', async () => {
    const file = join(cli.directory, 'user-data')
    await writeFile(file, userData)
    await cli.json('create', 'ci1', '--image', image, '--network', 'user', '--memory', '512', '--user-data', file)
    await cli.json('start', 'ci1')
    const { stdout, stderr } = await guest('cloud-init', 'status', '--wait')
    assert.match(stdout, /status: done/, stderr)
    assert.equal((await guest('cat', '/etc/told')).stdout.trim(), 'hello')
    assert.equal((await guest('cat', '/root/ran')).stdout.trim(), 'ran')
    assert.match((await guest('getent', 'passwd', 'alice')).stdout, /:\/bin\/bash$/m)
    assert.equal((await guest('hostname')).stdout.trim(), 'ci1')
    assert.equal((await guest('cat', '/run/cloud-init/cloud-id')).stdout.trim(), 'nocloud')
  })
})
