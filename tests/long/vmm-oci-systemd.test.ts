/** A Debian with systemd as containers have it, without kernel, udev and ssh server: imported, booted by its own init, used over ssh. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, it } from 'node:test'
import { promisify } from 'node:util'
import { localHost } from '@imp/kit/host/local.ts'
import { findMirrors } from '../../packages/vmm/src/image/apt.ts'
import type { Image } from '../../packages/vmm/src/image/model.ts'
import { defaultRelease, sourceLines } from '../../packages/vmm/src/image/sources.ts'
import type { VmView } from '../../packages/vmm/src/vm/model.ts'
import { makeDataDirectory, missing, removeDataDirectory, vmmOn, type Vmm } from '../real/vmm-machine-command.ts'

const run = promisify(execFile)
const programs = ['mmdebstrap', 'apt-get', 'sqfstar', 'unsquashfs', 'qemu-system-x86_64', 'ssh']
const skip = missing(programs, true) ?? false

const name = `container-${process.pid}`

/** Puts a file below its digest into an OCI directory. */
async function putBlob(layout: string, file: string): Promise<{ digest: string; size: number }> {
  const { stdout } = await run('sha256sum', [file])
  const hex = stdout.slice(0, 64)
  const { size } = await stat(file)
  await rename(file, join(layout, 'blobs/sha256', hex))
  return { digest: `sha256:${hex}`, size }
}

/** An OCI directory with an image of one layer. */
async function writeLayout(layout: string, layer: string, config: object): Promise<void> {
  await mkdir(join(layout, 'blobs/sha256'), { recursive: true })
  const document = async (content: object): Promise<{ digest: string; size: number }> => {
    const file = join(layout, `document-${createHash('sha256').update(JSON.stringify(content)).digest('hex')}`)
    await writeFile(file, JSON.stringify(content))
    return putBlob(layout, file)
  }
  const blob = await putBlob(layout, layer)
  const architecture = { x64: 'amd64', arm64: 'arm64' }[process.arch as string]
  const rootfs = { type: 'layers', diff_ids: [blob.digest] }
  const manifest = await document({
    schemaVersion: 2,
    config: await document({ architecture, os: 'linux', config, rootfs }),
    layers: [blob],
  })
  await writeFile(join(layout, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [manifest] }))
  await writeFile(join(layout, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}')
}

let cli: Vmm
let place: string

before(async () => {
  if (skip !== false) return
  cli = vmmOn(await makeDataDirectory())
  place = await mkdtemp(join(tmpdir(), 'vmm-systemd-'))
})
after(async () => {
  if (skip !== false) return
  await cli.run('delete', '--force', '--yes', 'sd1')
  await cli.run('image', 'delete', '--yes', name)
  await removeDataDirectory(cli)
  await rm(place, { recursive: true })
})

it('an image of a container with systemd boots with it', { skip, timeout: 1_200_000 }, async () => {
  const layer = join(place, 'layer.tar')
  const lines = sourceLines(defaultRelease, await findMirrors(localHost()))
  const options = ['--variant=minbase', '--include=systemd-sysv,dbus', '--aptopt=APT::Install-Recommends "false"', '--quiet']
  await run('mmdebstrap', [...options, defaultRelease, layer, ...lines], { maxBuffer: 1 << 26 })
  const layout = join(place, 'layout')
  await writeLayout(layout, layer, { Cmd: ['/lib/systemd/systemd'], StopSignal: 'SIGRTMIN+3', Env: ['container=oci'] })

  const image = await cli.json<Image>('image', 'import', `oci:${layout}`, '--name', name)
  assert.deepEqual(image.start, { kind: 'init', program: '/sbin/init' })
  assert.ok(!image.packages.some((each) => /^(linux-image|openssh-server|udev)/.test(each.name)))

  await cli.json('create', 'sd1', '--image', name, '--network', 'user', '--memory', '512', '--disk', '256')
  const { machines } = await cli.json<{ machines: VmView[] }>('start', 'sd1')
  assert.equal(machines[0]?.state, 'running')
  const inside = async (...words: string[]): Promise<string> =>
    (await cli.json<{ stdout: string }>('exec', 'sd1', '--', ...words)).stdout.trimEnd()
  assert.equal(await inside('cat', '/proc/1/comm'), 'systemd')
  // The bus is there when systemd has come far enough; units that want what only this kernel or no udev has may have failed.
  const ended = await inside(
    'sh',
    '-c',
    'until [ -S /run/dbus/system_bus_socket ]; do sleep 1; done; systemctl is-system-running --wait; true',
  )
  assert.match(ended, /^(running|degraded)$/)
  assert.equal(await inside('systemctl', 'is-active', 'multi-user.target'), 'active')
  await cli.json('stop', 'sd1')
  const { logs } = await cli.json<VmView>('show', 'sd1')
  assert.doesNotMatch(await readFile(logs.console, 'utf8'), /Kernel panic/)
})
