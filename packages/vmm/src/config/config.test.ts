import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { Fault } from '@imp/kit/base/fault.ts'
import { fakeHost } from '@imp/kit/host/fake.ts'
import { localHost } from '@imp/kit/host/local.ts'
import { invoke } from '@imp/kit/op/operation.ts'
import { contextFor, type VmmContext } from '../context.ts'
import { wishedDevices } from '../devices/wishes.ts'
import { configPath, findUser, loadSettings } from './load.ts'
import { ConfigFile, resolveSettings, unknownKeys } from './model.ts'
import { operations } from './ops.ts'
import { contextOn } from '@imp/kit/op/sample.ts'

/** The file that the document of the reference system shows. */
const documented = {
  data_dir: '/var/lib/vmm',
  bridge_name: 'vmm-br0',
  subnet: '172.16.0.0/16',
  gateway: '172.16.0.1',
  host_interface: 'eth0',
  vm_defaults: { cpus: 2, memory_mb: 1024, disk_size_mb: 4096, ssh_key_path: '~/.ssh/id_ed25519.pub', kernel: 'kernel-6.1' },
}
const surroundings = { home: '/home/ada', defaultData: '/var/lib/vmm', dataDir: undefined }

function scratch(t: TestContext, file?: unknown): { home: string; environment: Record<string, string> } {
  const home = mkdtempSync(join(tmpdir(), 'vmm-config-'))
  t.after(() => rmSync(home, { recursive: true }))
  const environment = { XDG_CONFIG_HOME: join(home, '.config'), XDG_DATA_HOME: join(home, 'data') }
  if (file !== undefined) {
    const path = join(home, '.config', 'vmm', 'config.json')
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, typeof file === 'string' ? file : JSON.stringify(file))
  }
  return { home, environment }
}

const common = contextOn(localHost())

async function run(context: VmmContext, words: string, input: Record<string, unknown> = {}): Promise<unknown> {
  const operation = operations.find(({ path }) => path.join(' ') === words)
  assert.ok(operation)
  const answer = await invoke(operation, context, input)
  assert.equal(answer.answer, 'result')
  return answer.answer === 'result' ? answer.value : undefined
}

test('the documented file says what vmm create takes', () => {
  const settings = resolveSettings(ConfigFile.parse(documented), surroundings)
  assert.deepEqual(settings.memory, { value: 1024, source: 'config' })
  assert.deepEqual(settings.kernel, { value: 'kernel-6.1', source: 'config' })
  assert.deepEqual(settings.sshKeyPath, { value: '/home/ada/.ssh/id_ed25519.pub', source: 'config' })
  assert.deepEqual(settings.image, { value: 'debian', source: 'default' })
})

test('empty words, nulls and a file without defaults are what the reference system wrote', () => {
  const file = ConfigFile.parse({ host_interface: '', vm_defaults: { image: '', kernel: '', ssh_key_path: '', dns_servers: null } })
  const settings = resolveSettings(file, surroundings)
  assert.deepEqual(
    [settings.hostInterface, settings.image, settings.dns].map(({ source }) => source),
    ['default', 'default', 'default'],
  )
  assert.equal(resolveSettings({}, surroundings).cpus.value, 1)
})

test('what a new machine gets of devices comes from the file, unless it is told otherwise', () => {
  const file = ConfigFile.parse({
    vm_defaults: { balloon_mb: 0, vsock: true, rate_limit_disk_iops: 500, rate_limit_net_bandwidth: '100mbit' },
  })
  const settings = resolveSettings(file, surroundings)
  const byDefault = { balloon: 0, vsock: true, rateLimits: { diskIops: 500, netBandwidth: 100_000_000 } }
  assert.deepEqual(wishedDevices({}, settings), byDefault)
  const told = { balloon: 64, vsock: false, rateLimitDiskIops: 'none', rateLimitNetBandwidth: '1gbit' }
  assert.deepEqual(wishedDevices(told, settings), { balloon: 64, vsock: false, rateLimits: { netBandwidth: 1e9 } })
  assert.deepEqual(wishedDevices({}, resolveSettings({}, surroundings)), { balloon: undefined, vsock: false })
})

test('another subnet brings its own gateway', () => {
  assert.deepEqual(resolveSettings({ subnet: '10.9.0.0/24' }, surroundings).gateway, { value: '10.9.0.1', source: 'config' })
})

test('the environment goes before the file', () => {
  const settings = resolveSettings({ data_dir: '/srv/vmm' }, { ...surroundings, dataDir: '/tmp/x' })
  assert.deepEqual(settings.dataDir, { value: '/tmp/x', source: 'environment' })
})

test('keys of others are kept and named', () => {
  assert.deepEqual(unknownKeys(ConfigFile.parse({ web: {}, vm_defaults: { jailer: true } })), ['web', 'vm_defaults.jailer'])
})

test('a file that is not right is refused with path and value', async (t) => {
  for (const [file, words] of [
    [{ subnet: '172.16.0.1/16' }, /subnet/],
    [{ vm_defaults: { cpus: 'two' } }, /vm_defaults.cpus/],
    [{ data_dir: 'vmm' }, /data_dir/],
    [{ data_dir: '~' }, /data_dir/],
    [{ vm_defaults: { ssh_key_path: 'id.pub' } }, /ssh_key_path/],
    [{ subnet: '0.0.0.0/0' }, /subnet/],
    [{ subnet: '10.0.0.0/31' }, /subnet/],
    [{ gateway: '10.0.0.1' }, /gateway/],
    [{ subnet: '10.0.0.0/24', gateway: '10.0.0.0' }, /gateway/],
    [{ subnet: '10.0.0.0/24', gateway: '10.0.0.255' }, /gateway/],
    ['{', /config.json/],
  ] as const) {
    const { environment } = scratch(t, file)
    await assert.rejects(loadSettings(localHost(), false, environment), (error) => {
      assert.ok(error instanceof Fault)
      assert.match([error.message, ...error.findings.map(({ path }) => path)].join(' '), words)
      return true
    })
  }
})

test('a directory in place of the file is refused, not taken for none', async (t) => {
  const { environment, home } = scratch(t)
  mkdirSync(join(home, '.config', 'vmm', 'config.json'), { recursive: true })
  await assert.rejects(loadSettings(localHost(), false, environment), { code: 'input', message: /is no file/ })
})

test('under sudo the settings of the caller count', async () => {
  const host = fakeHost({ answers: { 'getent passwd ada': 'ada:x:1000:1000::/home/ada:/bin/sh' } })
  const user = await findUser(host, true, { SUDO_USER: 'ada', XDG_CONFIG_HOME: '/root/.config' })
  assert.equal(configPath(user, { XDG_CONFIG_HOME: '/root/.config' }), '/home/ada/.config/vmm/config.json')
  assert.equal((await findUser(host, false, { SUDO_USER: 'ada' })).home, homedir())
  await assert.rejects(findUser(host, true, { SUDO_USER: 'a b' }), { code: 'input' })
})

test('config init writes a file that config show reads back, and does not write over one', async (t) => {
  const { environment, home } = scratch(t)
  const path = join(home, '.config', 'vmm', 'config.json')
  assert.deepEqual(await run(await contextFor(common, false, environment), 'config init'), { path, written: true })
  const first = readFileSync(path, 'utf8')
  assert.equal((JSON.parse(first) as typeof documented).vm_defaults.memory_mb, 512)
  assert.deepEqual(await run(await contextFor(common, false, environment), 'config init'), { path, written: false })
  const shown = (await run(await contextFor(common, false, environment), 'config show')) as { settings: { name: string; source: string }[] }
  assert.equal(shown.settings.find(({ name }) => name === 'vm_defaults.memory_mb')?.source, 'config')
  assert.equal(shown.settings.find(({ name }) => name === 'vm_defaults.image')?.source, 'default')
})
