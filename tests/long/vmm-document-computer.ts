/**
 * The computer of the person who reads the document of vmm: a home, `/var/lib/vmm`, a network with a router and the internet behind it, all
 * in namespaces, so that commands can be typed as they are written and nothing of it reaches this computer.
 */
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chmod, cp, mkdir, mkdtemp, readdir, readlink, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '@imp/kit/host/local.ts'
import { until } from '@imp/kit/host/until.ts'
import { makeDataDirectory, removeDataDirectory, vmmOn, type Ended } from '../real/vmm-machine-command.ts'

const program = new URL('../../bin/vmm', import.meta.url).pathname

/** Nobody of this computer. */
const uid = 47_321

/** Made before any command: what the person has, then the cables to the router. `$1` is the directory of the test, `$2` its pid. */
const setup = `#!/bin/sh
set -eu
dir=$1
mount --make-rprivate /
mount -t sysfs sys /sys
mount --bind "$dir/data" /var/lib/vmm
mount -t tmpfs -o mode=755 home /home
mkdir -p /home/user/.ssh /home/user/code /home/user/output /home/user/baremetalvmm
ssh-keygen -q -t ed25519 -N '' -C user@home -f /home/user/.ssh/id_ed25519
ln -s "$dir/bin/vmm" /home/user/baremetalvmm/vmm
chown -R ${uid}:${uid} /home/user
cp /etc/passwd "$dir/passwd"; echo 'user:x:${uid}:${uid}::/home/user:/bin/sh' >>"$dir/passwd"; mount --bind "$dir/passwd" /etc/passwd
cp /etc/group "$dir/group"; echo 'user:x:${uid}:' >>"$dir/group"; mount --bind "$dir/group" /etc/group
ip link set lo up
sysctl -q -w net.ipv4.ping_group_range='0 2147483647'
ip link add eth0 type veth peer name isp0
ip link set eth0 up
ip address add 192.168.1.2/24 dev eth0
touch "$dir/ready"
exec sleep infinity
`

/** The internet: every name has one address, where a web server says hello. Name servers are those that the document names. */
const internet = `
const { createServer } = require('node:http')
const { createSocket } = require('node:dgram')
createServer((_, answer) => answer.end('Example Domain\\n')).listen(80, '203.0.113.80')
let ready = 0
for (const address of ['8.8.8.8', '9.9.9.9', '1.0.0.1']) {
  const server = createSocket('udp4')
  server.on('message', (question, from) => {
    const end = question.indexOf(0, 12) + 5
    const type = question.readUInt16BE(end - 4)
    const head = Buffer.from(question.subarray(0, 12))
    head.writeUInt16BE(0x8180, 2)
    head.writeUInt16BE(type === 1 ? 1 : 0, 6)
    for (const at of [8, 10]) head.writeUInt16BE(0, at)
    const record = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 203, 0, 113, 80])
    server.send(Buffer.concat([head, question.subarray(12, end), ...(type === 1 ? [record] : [])]), from.port, from.address)
  })
  server.bind(53, address, () => { if (++ready === 3) console.log('ready') })
}
`

export interface Person {
  /** Below which everything of the test lies. */
  readonly directory: string
  /** Types a line as the person does; after `sudo` root does it, who knows the person by SUDO_USER. Rejects unless it succeeds. */
  type(line: string): Promise<string>
  /** The same for a line that fails. */
  fails(line: string): Promise<Ended>
  /** Types a line as root, as the document does where it leaves `sudo` out. */
  asRoot(line: string): Promise<string>
  /** Words that run others where the person is, as root with the person behind it. */
  readonly inside: readonly string[]
  close(): Promise<void>
}

async function execute(file: string, words: readonly string[], env: NodeJS.ProcessEnv): Promise<Ended> {
  return new Promise((resolve) => {
    const child = execFile(file, [...words], { env, maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
      resolve({ status: error === null ? 0 : typeof error.code === 'number' ? error.code : 255, stdout, stderr })
    })
    child.stdin?.end()
  })
}

/** Links to what all tests share become files of the test's own, whose content is shared: commands may delete them. */
async function unshare(directory: string): Promise<void> {
  for (const each of ['images', 'kernels', 'guest', 'cache']) {
    const path = join(directory, each)
    const from = await readlink(path)
    await rm(path)
    if (each === 'cache') {
      await mkdir(path)
      await cp(join(from, 'probe.json'), join(path, 'probe.json'))
      continue
    }
    const linked = await execute('cp', ['--archive', '--link', from, path], process.env)
    if (linked.status !== 0) await execute('cp', ['--archive', from, path], process.env)
    // Locks of others are not ours.
    for (const name of await readdir(path)) if (name.startsWith('.')) await rm(join(path, name), { recursive: true, force: true })
  }
}

function serve(pid: number, directory: string): ChildProcess {
  const address = (each: string): string => `ip address add ${each}/32 dev lo`
  const isp = [
    'ip link set lo up',
    `nsenter --target ${pid} --net -- ip link set isp0 netns $$`,
    'ip link set isp0 up',
    'ip address add 192.168.1.1/24 dev isp0',
    ...['8.8.8.8', '9.9.9.9', '1.0.0.1', '203.0.113.80'].map(address),
    'exec "$0" -e "$1"',
  ].join(' && ')
  return spawn('unshare', ['--net', '--', 'sh', '-c', isp, process.execPath, internet], {
    cwd: directory,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
}

/** The computer, with the images and kernels of this one. */
export async function makePerson(): Promise<Person> {
  const data = await makeDataDirectory()
  await unshare(data)
  const directory = await mkdtemp(join(tmpdir(), 'vmd'))
  await chmod(directory, 0o755)
  await chmod(data, 0o755)
  await symlink(data, join(directory, 'data'))
  await mkdir(join(directory, 'bin'))
  await symlink(program, join(directory, 'bin', 'vmm'))
  await writeFile(join(directory, 'setup'), setup, { mode: 0o755 })
  const holder = spawn('unshare', ['--mount', '--net', '--', join(directory, 'setup'), directory], { stdio: ['ignore', 'ignore', 'pipe'] })
  const pid = holder.pid ?? 0
  await untilReady(directory, holder)
  const isp = serve(pid, directory)
  await once(isp.stdout ?? isp, 'data')
  const nsenter = ['nsenter', `--target=${pid}`, '--mount', '--net', '--']
  const base = { PATH: `${join(directory, 'bin')}:${process.env['PATH'] ?? ''}`, LANG: 'C.UTF-8', NO_COLOR: '1', TERM: 'dumb' }
  const asUser = ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups', '--']
  const [first = 'nsenter', ...rest] = nsenter
  const run = (line: string, who: 'user' | 'root' | 'sudo'): Promise<Ended> => {
    const env = who === 'sudo' ? { ...base, HOME: '/root', SUDO_USER: 'user' } : { ...base, HOME: '/home/user' }
    return execute(first, [...rest, ...(who === 'user' ? asUser : []), 'sh', '-c', `cd /home/user/baremetalvmm && ${line}`], env)
  }
  const typed = (line: string): Promise<Ended> => (line.startsWith('sudo ') ? run(line.slice('sudo '.length), 'sudo') : run(line, 'user'))
  const wanted = async (line: string, ended: Promise<Ended>): Promise<string> => {
    const { status, stdout, stderr } = await ended
    if (status !== 0) throw new Error(`${line}: status ${status}\n${stdout}\n${stderr}`)
    return stdout
  }
  await run('ip route add default via 192.168.1.1', 'root')
  return {
    directory,
    type: (line) => wanted(line, typed(line)),
    fails: typed,
    asRoot: (line) => wanted(line, run(line, 'root')),
    inside: [...nsenter, 'env', `PATH=${base.PATH}`, 'HOME=/root', 'SUDO_USER=user'],
    async close() {
      await run('vmm delete --force --yes --all', 'root')
      for (const each of [isp, holder]) {
        each.kill('SIGKILL')
        if (each.exitCode === null && each.signalCode === null) await once(each, 'close')
      }
      await removeDataDirectory(vmmOn(data))
      await rm(directory, { recursive: true, force: true })
    },
  }
}

async function untilReady(directory: string, holder: ChildProcess): Promise<void> {
  let said = ''
  holder.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()))
  await until(systemClock, { timeout: 60_000, what: 'the computer of the person' }, async () => {
    if (holder.exitCode !== null) throw new Error(`the computer could not be made: ${said}`)
    return (await readdir(directory)).includes('ready')
  })
}
