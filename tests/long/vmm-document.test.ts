/**
 * The document of vmm, line by line: its flow for testing by hand and every example, typed as written on the computer of a person
 * (vmm-document-computer.ts), with QEMU. Where a line cannot be as written, a comment says what is nearest.
 */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import type { VmView } from '../../packages/vmm/src/vm/model.ts'
import { openTerminal, terminalObstacle } from '../real/tmux-fixture.ts'
import { closedToOthers, missing } from '../real/vmm-machine-command.ts'
import { makePerson, type Person } from './vmm-document-computer.ts'

const run = promisify(execFile)
const programs = ['qemu-system-x86_64', 'ssh', 'ssh-keyscan', 'ss', 'mmdebstrap', 'setpriv', 'unshare', 'nsenter', 'nft', 'ping']
const skip = missing(programs, true) ?? terminalObstacle() ?? closedToOthers() ?? false

describe('the document of vmm', { skip, concurrency: false }, () => {
  let person: Person
  before(async () => {
    person = await makePerson()
  })
  after(() => person.close())

  const machine = async (name: string): Promise<VmView> => JSON.parse(await person.type(`./vmm show ${name} --json`)) as VmView
  /** A line of `vmm list`, cut at its columns. */
  const listed = async (name: string): Promise<string[]> => {
    const [head = '', ...lines] = (await person.type('./vmm list')).split('\n')
    if (lines.length < 2) return []
    assert.deepEqual(head.split(/ {2,}/), ['NAME', 'ID', 'STATE', 'IMAGE', 'CPUS', 'MEMORY', 'ENGINE', 'ADDRESS'])
    return lines.find((line) => line.startsWith(`${name} `))?.split(/ {2,}/) ?? []
  }

  it('Manual testing flow: settings, an image, a machine that everybody sees', async () => {
    await person.type('./vmm config init')
    const config = JSON.parse(await person.type('cat ~/.config/vmm/config.json')) as Record<string, unknown>
    assert.deepEqual(config, {
      bridge_name: 'vmm-br0',
      subnet: '172.16.0.0/16',
      gateway: '172.16.0.1',
      host_interface: 'eth0',
      vm_defaults: { cpus: 1, memory_mb: 512, disk_size_mb: 1024 },
    })
    assert.match(await person.type('ip route | grep default'), /^default via 192\.168\.1\.1 dev eth0/)
    await person.type('sudo ./vmm image pull')
    await person.type('sudo ./vmm create test1 --cpus 1 --memory 512')
    const row = await listed('test1')
    assert.deepEqual([row[2], row[4], row[5], row[7]], ['created', '1', '512.0 MiB', '172.16.0.2'])
  })

  it('Manual testing flow: start, ping, and all that "Debugging" looks at', async () => {
    await person.type('sudo ./vmm start test1')
    assert.equal((await listed('test1'))[2], 'running', 'as it is seen without root')
    // `ping 172.16.0.2` ends by ctrl-c.
    assert.match(await person.type('ping -c 1 172.16.0.2'), /1 received/)
    const { id } = await machine('test1')
    assert.match(await person.type('cat /var/lib/vmm/vms/test1.json'), new RegExp(`"id": ?"${id}"`))
    assert.match(await person.type('sudo cat /var/lib/vmm/logs/test1.log'), /vmm: ready/)
    assert.match(await person.type('ip link show vmm-br0'), /vmm-br0: <.*UP/)
    assert.match(await person.type(`ip link show vmm-${id}`), /master vmm-br0/)
    // `iptables -t nat -L -n -v` shows nothing of nftables, in which our rules are.
    assert.match(await person.type('sudo nft list ruleset'), /masquerade/)
    // The engine is QEMU.
    assert.match(await person.type('ps aux | grep qemu'), new RegExp(`qemu-system-x86_64 -name vmm-test1,process=vmm-${id}`))
    assert.match(await person.type('sudo ls -la /var/lib/vmm/sockets/'), new RegExp(`${id}$`, 'm'))
  })

  it('port-forward, ssh -u, and every other name for a machine', async () => {
    await person.type('sudo vmm port-forward test1 8080:80')
    assert.match(await person.type('vmm port-forward list test1'), /test1 +8080:80/)
    assert.equal(await person.type("sudo vmm ssh test1 -u root -- 'hostname'"), 'test1\n')
    const { id } = await machine('test1')
    for (const word of [id, id.slice(0, 4), '172.16.0.2']) assert.equal((await machine(word)).name, 'test1', word)
    assert.equal(await person.type('sudo vmm exec 172.16.0.2 -- nproc'), '1\n')
  })

  it('Manual testing flow: stop and delete, which asks', async () => {
    await person.type('sudo ./vmm stop test1')
    assert.deepEqual(await listed('test1'), [])
    assert.match(await person.type('./vmm list -a'), /^test1 .* stopped /m)
    assert.equal((await person.fails('sudo ./vmm delete test1')).status, 2, 'where nobody can be asked')
    const options = { directory: person.directory, name: 'delete', environment: {}, columns: 100 }
    const terminal = await openTerminal([...person.inside, 'vmm', 'delete', 'test1'], options)
    try {
      await terminal.see(/vmm delete test1: this cannot be undone\. Go on\? \[y\/N\]/)
      await terminal.type('y', 'Enter')
      await terminal.see(/deleted test1\nended with 0/)
    } finally {
      await terminal.hangUp()
    }
    assert.match(await person.type('./vmm list'), /no machines/)
    assert.equal((await person.fails('ip link show vmm-br0')).status, 1)
    assert.deepEqual((await person.type('ls /var/lib/vmm/vms /var/lib/vmm/logs')).match(/test1/g), null)
  })

  it('Host Directory Mounting', async () => {
    await writeInHome(person, 'code/main.c', 'int main;\n')
    await person.type('sudo vmm create myvm --mount /home/user/code:code --ssh-key ~/.ssh/id_ed25519.pub'.replace('~', '/home/user'))
    assert.deepEqual((await machine('myvm')).mounts, [{ path: '/home/user/code', tag: 'code', readOnly: false }])
    await person.type('sudo vmm delete myvm -f')
    await person.type('sudo vmm create myvm --mount /home/user/code:code:ro --mount /home/user/output:output:rw')
    const mounts = await person.type('vmm mount list myvm')
    assert.match(mounts, /^code +\/home\/user\/code +\/mnt\/code +ro /m)
    assert.match(mounts, /^output +\/home\/user\/output +\/mnt\/output +rw /m)
    await person.type('sudo vmm mount sync myvm code')
    await person.type('sudo vmm start myvm')
    assert.equal(await person.type("sudo vmm ssh myvm -- 'cat /mnt/code/main.c'"), 'int main;\n')
    assert.match(await person.type("sudo vmm ssh myvm -- 'grep /mnt/ /proc/mounts'"), /\/mnt\/code ext4 ro.*\/mnt\/output ext4 rw/s)
    assert.match(await person.type("sudo vmm ssh myvm -- 'cat /etc/fstab'"), /\/mnt\/code/)
    assert.match((await person.fails('sudo vmm mount sync myvm code')).stderr, /myvm is running/)
    assert.match(await person.type('sudo ls /var/lib/vmm/mounts/'), /^[0-9a-f]{8}$/m)
    await person.type('sudo vmm delete myvm -f')
  })

  it('SSH Key Injection, Disk Resize, DNS Configuration: as each is written', async () => {
    for (const [line, holds] of [
      ['vmm create myvm --ssh-key ~/.ssh/id_ed25519.pub', () => true],
      ['vmm create myvm --disk 20000  # 20GB disk', ({ disk }: VmView) => disk === 20_000],
      ['vmm create myvm', ({ cpus, memory, disk }: VmView) => cpus === 1 && memory === 512 && disk === 1024],
      ['vmm create myvm --dns 9.9.9.9 --dns 1.0.0.1', () => true],
    ] as const) {
      await person.asRoot(line)
      assert.ok(holds(await machine('myvm')), line)
      await person.asRoot('vmm delete myvm -f')
    }
  })

  it('the same in one guest: its key, its disk, its names, and the way out', async () => {
    await person.asRoot('vmm create myvm --ssh-key ~/.ssh/id_ed25519.pub --disk 20000 --dns 9.9.9.9 --dns 1.0.0.1')
    await person.asRoot('vmm start myvm')
    await person.asRoot('vmm ssh myvm -- true')
    await person.type('sudo vmm ssh myvm -- true')
    const [address = ''] = ((await machine('myvm')).addresses[0] ?? '').split('/')
    const own = `ssh -i ~/.ssh/id_ed25519 -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o BatchMode=yes root@${address} hostname`
    assert.equal(await person.type(own), 'myvm\n', 'with the key of the person')
    const size = Number(await person.asRoot("vmm ssh myvm -- 'df --output=size --block-size=1M / | tail -1'"))
    assert.ok(size > 19_000 && size <= 20_000, `${size} MiB`)
    assert.deepEqual((await person.asRoot("vmm ssh myvm -- 'cat /etc/resolv.conf'")).match(/\d+\.\d+\.\d+\.\d+/g), ['9.9.9.9', '1.0.0.1'])
    assert.match(await person.asRoot("vmm ssh myvm -- 'getent hosts google.com'  # Test DNS"), /^203\.0\.113\.80 +google\.com/)
    // The default image has no curl: bash asks.
    const get = 'exec 3<>/dev/tcp/example.com/80; printf "GET / HTTP/1.0\\r\\n\\r\\n" >&3; cat <&3'
    assert.match(await person.asRoot(`vmm ssh myvm -- 'bash -c '"'"'${get}'"'"`), /Example Domain/)
    await person.asRoot('vmm delete myvm -f')
  })

  it('Configurable VM Defaults', async () => {
    const example = {
      data_dir: '/var/lib/vmm',
      bridge_name: 'vmm-br0',
      subnet: '172.16.0.0/16',
      gateway: '172.16.0.1',
      host_interface: 'eth0',
      vm_defaults: { cpus: 2, memory_mb: 1024, disk_size_mb: 4096, ssh_key_path: '~/.ssh/id_ed25519.pub' },
    }
    await writeInHome(person, '.config/vmm/config.json', JSON.stringify(example))
    const shown = await person.type('vmm config show')
    for (const row of [/^vm_defaults\.cpus +2 +config$/m, /^data_dir +\/var\/lib\/vmm +config$/m, /^vm_defaults\.image +debian +default$/m])
      assert.match(shown, row)
    await person.type('sudo vmm create myvm')
    const byConfig = await machine('myvm')
    assert.deepEqual([byConfig.cpus, byConfig.memory, byConfig.disk], [2, 1024, 4096])
    assert.match(await person.type('cat /var/lib/vmm/vms/myvm.json'), /ssh-ed25519 [^"]* user@home/)
    await person.type('sudo vmm delete myvm -f')
    await person.type('sudo vmm create myvm --cpus 4 --memory 2048')
    const byFlag = await machine('myvm')
    assert.deepEqual([byFlag.cpus, byFlag.memory, byFlag.disk], [4, 2048, 4096])
    await person.type('sudo vmm delete myvm -f')
  })

  it('Docker Image Import', { skip: missing(['sqfstar', 'unsquashfs'], true) ?? false }, async () => {
    // ubuntu:22.04 comes from Docker Hub: a tar of what the default image holds is nearest (registries: vmm-oci.test.ts).
    const tar = join(person.directory, 'ubuntu.tar')
    await makeTar(person, tar)
    await person.type(`sudo vmm image import ${tar} --name ubuntu-base`)
    await person.type(`sudo vmm image import ${tar} --name ubuntu-large --size 4096`)
    await person.asRoot('vmm create myvm --image ubuntu-base --ssh-key ~/.ssh/id_ed25519.pub')
    assert.equal((await machine('myvm')).image, 'ubuntu-base')
    assert.match(await person.type('vmm image list'), /^ubuntu-base .*\nubuntu-large /m)
    assert.equal((await person.fails('sudo vmm --yes image delete ubuntu-base')).status, 4, 'it is used')
    await person.type('sudo vmm delete myvm -f')
    // At a terminal it asks, as vmm delete does.
    await person.type('sudo vmm --yes image delete ubuntu-base')
    assert.doesNotMatch(await person.type('vmm image list'), /ubuntu-base/)
    assert.match(await person.type('ls /var/lib/vmm/images/'), /ubuntu-large/)
  })

  it('Custom Kernel Support', async () => {
    // /path/to/vmlinux is Debian's, which has its drivers in modules; kernels from source: vmm-kernel-build.test.ts.
    const kernel = '/var/lib/vmm/kernels/debian'
    const { release } = JSON.parse(await readFile(join(person.directory, 'data/kernels/debian/kernel.json'), 'utf8')) as { release: string }
    const modules = join(person.directory, release)
    await run('unsquashfs', ['-quiet', '-no-progress', '-dest', modules, join(person.directory, 'data/kernels/debian/modules.squashfs')])
    await person.type(`sudo vmm kernel import ${kernel}/vmlinux --name my-kernel --modules ${modules}`)
    assert.match(await person.type('vmm kernel list'), /^my-kernel +\d+\.\d+/m)
    await person.asRoot('vmm create myvm --kernel my-kernel --ssh-key ~/.ssh/id_ed25519.pub')
    assert.equal((await machine('myvm')).kernel, 'my-kernel')
    await person.type('sudo vmm delete myvm -f')
    await person.type('sudo vmm --yes kernel delete my-kernel')
    assert.doesNotMatch(await person.type('vmm kernel list'), /my-kernel/)
    const built = JSON.parse(await person.type('sudo vmm --json --dry-run kernel build --version 6.1 --name kernel-6.1')) as {
      steps: unknown[]
    }
    assert.equal(built.steps.length, 1, 'a build takes long: it is only planned here')
    const { stderr } = await person.fails('sudo vmm kernel import /etc/hostname --name x -f')
    assert.match(stderr, /no kernel that machines can boot/)
  })

  it('autostart and autostop do nothing where nothing starts by itself', async () => {
    await person.type('sudo vmm autostart')
    await person.type('sudo vmm autostop')
  })
})

/** A file of the person's. */
async function writeInHome({ directory, inside }: Person, path: string, text: string): Promise<void> {
  const file = join(directory, 'text')
  await writeFile(file, text)
  const [nsenter = 'nsenter', ...words] = inside
  await run(nsenter, [...words, 'cp', '--no-preserve=all', file, `/home/user/${path}`])
}

/** The files of the default image as a tar. */
async function makeTar({ directory }: Person, tar: string): Promise<void> {
  const data = join(directory, 'data')
  const { digest } = JSON.parse(await readFile(join(data, 'images/debian.json'), 'utf8')) as { digest?: string }
  const tree = join(directory, 'tree')
  const files = join(data, 'images/files')
  const { stdout } = await run('find', [files, '-name', `${digest ?? ''}*`])
  await mkdir(directory, { recursive: true })
  await run('unsquashfs', ['-quiet', '-no-progress', '-dest', tree, stdout.trim()])
  await run('tar', ['--create', `--file=${tar}`, `--directory=${tree}`, '--numeric-owner', '.'], { maxBuffer: 1 << 26 })
  assert.ok((await stat(tar)).size > 0)
}
