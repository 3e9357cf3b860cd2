/**
 * The start files of every golden configuration before a real VPP: both processes start with them, take every line of their command
 * files, and a second load finds the end mark. Cards are cables of Linux; everything is in namespaces that end with the test.
 */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { Fault } from '../../packages/kit/src/base/fault.ts'
import type { Host } from '../../packages/kit/src/host/host.ts'
import { localHost } from '../../packages/kit/src/host/local.ts'
import { openVpp } from '../../packages/imp/src/dataplane/vpp/api/client.ts'
import { loadConfiguration, loadContainerLink } from '../../packages/imp/src/dataplane/vpp/boot/exec-load.ts'
import { commandsIn, renderCommands } from '../../packages/imp/src/dataplane/vpp/boot/exec.ts'
import { goldenConfig, goldenNames, hardwareFor, withoutPci } from '../../packages/imp/src/dataplane/vpp/sample.ts'
import { renderStartup } from '../../packages/imp/src/dataplane/vpp/boot/startup.ts'
import { until } from '../../packages/kit/src/host/until.ts'
import { showsTags, showsTwins } from '../real/vpp-fixture.ts'

const machine = localHost()
let directory = ''
const vpp = (process.env['PATH'] ?? '').split(':').map((path) => join(path, 'vpp'))

/** Why VPP cannot be tried here, or where it is. */
async function findVpp(): Promise<{ readonly program: string } | { readonly obstacle: string }> {
  if (process.getuid?.() !== 0) return { obstacle: 'needs root' }
  for (const program of vpp) if ((await machine.files.stat(program)) !== undefined) return { program }
  return { obstacle: 'needs VPP (vpp on PATH)' }
}

/** Whether this kernel can show what the line asks for: linux-cp makes twins over vhost-net, and those of VLANs are VLANs. */
function isPossible(line: string): boolean {
  return !line.startsWith('lcp create ') || (/^lcp create \S+\.\d+ /.test(line) ? showsTags : showsTwins)
}

const script = `#!/bin/sh
set -eu
work=$1; program=$2; shift 2
mount --make-rprivate /
mount -t tmpfs none /run; mkdir /run/netns /run/vpp
mount --bind "$work/run" /run/vpp
ip netns add dataplane
ip -n dataplane link set lo up
number=0
for card in "$@" incus-dataplane; do
  ip link add "$card" netns dataplane type veth peer name "far$number"
  ip link set "far$number" up; ip -n dataplane link set "$card" up
  number=$((number + 1))
done
for instance in core nat; do
  if [ -f "$work/startup-$instance.conf" ]; then ip netns exec dataplane "$program" -c "$work/startup-$instance.conf" >"$work/$instance.out" 2>&1 & fi
done
wait
`

/** Sockets of the processes, which are elsewhere for themselves. */
function socketsIn(work: string): Host {
  return { ...machine, dial: (path) => machine.dial(path.replace('/run/vpp', join(work, 'run'))) }
}

function pluginsIn(text: string, path: string | undefined): string {
  return path === undefined ? text : text.replace('plugins {', `plugins {\n  path ${path}`)
}

async function assertTaken(name: string, program: string): Promise<void> {
  const golden = goldenConfig(name, 'vpp')
  const interfaces = golden.interfaces.map((port, index) => ({ ...port, nic: { name: `eth${index}` } }))
  const { cpu: _cpu, ...rest } = golden
  const config = { ...rest, interfaces }
  const hardware = { ...withoutPci(hardwareFor(config)), cores: [0] }
  const work = join(directory, name)
  await machine.files.makeDirectory(join(work, 'run'))
  await machine.files.write(join(work, 'start'), script, { mode: 0o755 })
  const startup = renderStartup(config, hardware)
  const plugins = process.env['VPP_PLUGIN_PATH']
  for (const instance of ['core', 'nat'] as const) {
    const text = startup[instance]
    if (text === undefined) continue
    await machine.files.write(
      join(work, `startup-${instance}.conf`),
      pluginsIn(text, plugins).replaceAll('/var/log/vpp', join(work, 'run')),
    )
  }
  const files = renderCommands(config, hardware)
  const ended = new AbortController()
  const spaces = ['unshare', '--mount', '--net', '--pid', '--fork', '--kill-child', '--mount-proc', '--'] as const
  const cards = interfaces.map(({ nic }) => nic.name)
  const running = machine.run([...spaces, join(work, 'start'), work, program, ...cards], { timeout: 120_000, signal: ended.signal }).then(
    () => new Fault('exec', 'VPP ended by itself'),
    (error: unknown) => error,
  )
  const parts = [
    ['core', files.core, 'core'],
    ['nat', files.nat, 'nat'],
    ['container', files.container, 'core'],
  ] as const
  try {
    for (const [part, text, instance] of parts) {
      if (text === undefined) continue
      const lines = commandsIn(text).filter(isPossible)
      const client = await connected(work, instance, running)
      const load = part === 'container' ? loadContainerLink : loadConfiguration
      assert.deepEqual(await load(client, lines), { changed: true, lines: lines.length }, part)
      assert.deepEqual(await load(client, lines), { changed: false, lines: lines.length }, part)
      client.close()
    }
  } finally {
    ended.abort()
    await running
  }
}

async function connect(work: string, instance: string) {
  try {
    return await openVpp(socketsIn(work), { name: instance, socket: `/run/vpp/${instance}-api.sock` })
  } catch (error) {
    if (error instanceof Fault && (error.code === 'not-found' || error.code === 'state')) return undefined
    throw error
  }
}

/** The process when it answers, or the fault with which it ended before it did. */
async function connected(work: string, instance: string, running: Promise<unknown>) {
  const waiting = until(machine.clock, { timeout: 90_000, what: `VPP ${instance}` }, () => connect(work, instance))
  const first = await Promise.race([waiting, running.then((error) => ({ error }))])
  if ('error' in first) throw first.error
  return first
}

suite('start files before a real VPP', { timeout: 300_000 }, () => {
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'imp-vpp-boot-'))
  })
  after(() => rm(directory, { recursive: true, force: true }))

  for (const name of goldenNames)
    test(name, async (t) => {
      const found = await findVpp()
      if ('obstacle' in found) return t.skip(found.obstacle)
      if (!showsTwins) t.diagnostic('without twins: needs /dev/vhost-net')
      else if (!showsTags) t.diagnostic('without twins of VLANs: needs a kernel with 802.1Q')
      await assertTaken(name, found.program)
    })
})
