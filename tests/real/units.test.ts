/** The start chain before the programs that judge it: systemd reads the units, a shell the scripts, and namespaces are their machine. */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { Fault } from '../../packages/kit/src/base/fault.ts'
import { localHost } from '../../packages/kit/src/host/local.ts'
import { places, type ApplianceFile } from '../../packages/imp/src/appliance/model.ts'
import { goldenConfig, goldenNames, hardwareFor } from '../../packages/imp/src/dataplane/vpp/sample.ts'
import { applianceFiles } from '../../packages/imp/src/pipeline/appliance.ts'

const machine = localHost()
let directory = ''

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'imp-units-'))
})
after(() => rm(directory, { recursive: true, force: true }))

/** Whether the program can be started. */
async function has(program: string): Promise<boolean> {
  try {
    await machine.query([program, '--version'], { statuses: Array.from({ length: 128 }, (_, status) => status) })
    return true
  } catch (error) {
    if (error instanceof Fault && error.code === 'missing-program') return false
    throw error
  }
}

async function write(root: string, { path, text, mode }: Pick<ApplianceFile, 'path' | 'text' | 'mode'>): Promise<void> {
  await machine.files.makeDirectory(dirname(join(root, path)))
  await machine.files.write(join(root, path), text, mode === undefined ? {} : { mode })
}

const stub = { text: '#!/bin/sh\n', mode: 0o755 }
const packagedUnits: Readonly<Record<string, string>> = {
  'frr.service': '[Unit]\nBefore=network.target\n[Service]\nType=forking\nExecStart=/usr/bin/vpp\n',
  'incus.service': '[Unit]\nAfter=network-online.target\n[Service]\nExecStart=/usr/bin/vpp\n',
  'vpp.service': '[Service]\nExecStart=/usr/bin/vpp\n',
}

suite('units', () => {
  test('systemd accepts every unit, and complains of nothing in them', async (t) => {
    if (!(await has('systemd-analyze'))) return t.skip('needs systemd-analyze (apt-get install systemd)')
    const root = join(directory, 'verify')
    const files = applianceFiles(goldenConfig('everything', 'vpp'), hardwareFor(goldenConfig('everything'))).wanted
    for (const file of files) await write(root, file)
    for (const path of ['/usr/bin/vpp', '/sbin/modprobe', places.program, places.scripts.coreConfig]) await write(root, { path, ...stub })
    for (const [name, text] of Object.entries(packagedUnits)) await write(root, { path: `/usr/lib/systemd/system/${name}`, text })
    await machine.run(['cp', '-rn', '/usr/lib/systemd/system', join(root, 'usr/lib/systemd/')])
    const units = files.filter(({ path }) => /^\/etc\/systemd\/system\/[^/]+\.(service|timer)$/.test(path)).map(({ path }) => path)
    assert.ok(units.length > 10)
    const ran = await machine.query(['systemd-analyze', 'verify', '--man=no', '--recursive-errors=no', `--root=${root}`, ...units])
    assert.equal(ran.stderr, '')
    assert.equal(ran.stdout, '')
  })

  test('systemd sees a mistake in them', async (t) => {
    if (!(await has('systemd-analyze'))) return t.skip('needs systemd-analyze (apt-get install systemd)')
    const root = join(directory, 'wrong')
    await write(root, { path: '/usr/bin/vpp', ...stub })
    await write(root, { path: '/etc/systemd/system/x.service', text: '[Service]\nExecStart=/usr/bin/vpp\nRestartSeconds=1\n' })
    const ran = await machine.query(['systemd-analyze', 'verify', '--man=no', `--root=${root}`, '/etc/systemd/system/x.service'], {
      statuses: [0, 1],
    })
    assert.match(ran.stderr, /RestartSeconds/)
  })

  test('scripts are what POSIX says, for every configuration', async (t) => {
    const checked = await has('shellcheck')
    const texts = new Map<string, string>()
    for (const name of goldenNames) {
      for (const dataplane of ['linux', 'vpp'] as const) {
        const config = goldenConfig(name, dataplane)
        const { wanted } = applianceFiles(config, hardwareFor(config))
        for (const { path, text } of wanted) if (text.startsWith('#!')) texts.set(text, `${dataplane}-${name}-${path.split('/').at(-1)}`)
      }
    }
    assert.ok(texts.size > 10)
    for (const [text, name] of texts) {
      await write(directory, { path: `/scripts/${name}`, text, mode: 0o755 })
      await machine.query(['sh', '-n', join(directory, 'scripts', name)])
    }
    if (!checked) return t.diagnostic('not linted: needs shellcheck (apt-get install shellcheck)')
    await machine.query(['shellcheck', '--shell=sh', ...[...texts.values()].map((name) => join(directory, 'scripts', name))])
  })
})
