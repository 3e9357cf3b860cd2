/** startup-core.conf and startup-nat.conf of every golden configuration, and that each stanza has a form that VPP is known to take. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import type { Hardware } from '../../../appliance/model.ts'
import type { RouterConfig } from '../../../config/model.ts'
import { changed, onlyNat } from '../../../config/sample.ts'
import { goldenConfig, goldenNames, hardwareFor, withoutPci } from '../sample.ts'
import { hugePages, renderStartup } from './startup.ts'
import { planMemory } from './startup-memory.ts'

const asText = { serializers: [(value: unknown) => String(value)] }
const golden = join(import.meta.dirname, 'golden')
const gibibyte = 1024 ** 3

/** Plugins of VPP 25.06 (add_vpp_plugin in src/plugins); a name that is not among them would be ignored without a word. */
const knownPlugins = ['abf', 'acl', 'af_packet', 'det44', 'dpdk', 'linux_cp', 'linux_nl', 'memif', 'ping', 'tracedump']

/** Stanzas with the lines that a running VPP 25.06 took in them; those of DPDK are of its parser (dpdk/device/init.c). */
const accepted: Readonly<Record<string, readonly RegExp[]>> = {
  unix: [
    /^nodaemon$/,
    /^nosyslog$/,
    /^log \/var\/log\/vpp\/(core|nat)\.log$/,
    /^full-coredump$/,
    /^runtime-dir \/run\/vpp\/(core|nat)$/,
    /^cli-listen \/run\/vpp\/(core|nat)-cli\.sock$/,
    /^poll-sleep-usec 50$/,
  ],
  'api-segment': [/^prefix (core|nat)$/],
  socksvr: [/^socket-name \/run\/vpp\/(core|nat)-api\.sock$/],
  statseg: [/^socket-name \/run\/vpp\/(core|nat)-stats\.sock$/, /^size \d+M$/],
  memory: [/^main-heap-size \d+M$/],
  buffers: [/^buffers-per-numa \d+$/, /^page-size default$/],
  cpu: [/^main-core \d+$/, /^corelist-workers \d+(-\d+)?(,\d+(-\d+)?)*$/],
  dpdk: [/^dev default \{ num-rx-queues \d+ \}$/, /^dev [0-9a-f]{4}:[0-9a-f]{2}:[01][0-9a-f]\.[0-7] \{ name [A-Za-z][\w-]* \}$/],
  'linux-cp': [/^default netns dataplane$/, /^lcp-sync$/],
  'linux-nl': [/^nl-rx-buffer-size \d+$/],
  plugins: [/^plugin default \{ disable \}$/, new RegExp(`^plugin (${knownPlugins.join('|')})_plugin\\.so \\{ enable \\}$`)],
  logging: [/^default-log-level info$/, /^default-syslog-log-level disabled$/],
}

/** Forms with which VPP did not start, or started as something else. */
const refused: readonly [why: string, form: RegExp][] = [
  ['an empty stanza', /\{\s*\}/],
  ['a glued brace', /\w\{/],
  ['a plugin without its suffix', /plugin (?!default)\w+ /],
  ['lcp-sync with a value', /lcp-sync \w/],
  ['the old name of the netlink buffer', /[^-]rx-buffer-size/],
  ['a group that may not exist', /\bgid\b/],
  ['workers by number beside workers by list', /^ *workers \d/m],
  ['huge pages for the heap or the counters', /page-size 2M/],
  ['packet buffers larger than a page', /data-size/],
  ['a twin made behind our back', /auto-subint/],
  ['commands whose errors nobody sees', /\b(exec|startup-config)\b/],
]

function stanzasOf(text: string): Map<string, string[]> {
  const stanzas = new Map<string, string[]>()
  let lines: string[] = []
  for (const line of text.split('\n').map((each) => each.trim())) {
    const [, name] = /^([\w-]+) \{$/.exec(line) ?? []
    if (name !== undefined) {
      assert.ok(!stanzas.has(name), `${name} twice`)
      stanzas.set(name, (lines = []))
    } else if (line !== '' && line !== '}' && !line.startsWith('#')) lines.push(line)
  }
  return stanzas
}

function assertAccepted(text: string): void {
  for (const [why, form] of refused) assert.doesNotMatch(text, form, why)
  assert.equal(text.match(/\{/g)?.length, text.match(/\}/g)?.length)
  const stanzas = stanzasOf(text)
  for (const [name, lines] of stanzas) {
    for (const line of lines) assert.ok(accepted[name]?.some((form) => form.test(line)) === true, `${name}: ${line}`)
  }
  const has = (plugin: string): boolean => stanzas.get('plugins')?.includes(`plugin ${plugin}_plugin.so { enable }`) === true
  assert.equal(stanzas.has('dpdk'), has('dpdk'), 'a stanza without its plugin ends VPP')
  assert.equal(stanzas.has('linux-nl'), has('linux_nl'), 'a stanza without its plugin ends VPP')
  assert.ok(!has('linux_nl') || has('linux_cp'), 'linux_nl alone crashes')
  const cpu = stanzas.get('cpu') ?? ['main-core 1']
  assert.match(cpu[0] ?? '', /^main-core/, 'workers need a main core')
}

function render(config: RouterConfig, changes: Partial<Hardware> = {}) {
  return renderStartup(config, hardwareFor(config, changes))
}

suite('start of VPP', () => {
  for (const each of goldenNames) {
    const config = goldenConfig(each, 'vpp')
    test(each, (t) => {
      const { core, nat } = render(config)
      t.assert.fileSnapshot(core, join(golden, each, 'startup-core.conf'), asText)
      if (nat !== undefined) t.assert.fileSnapshot(nat, join(golden, each, 'startup-nat.conf'), asText)
      assert.equal(nat !== undefined, config.nat !== undefined)
    })

    test(`${each}: every line has a form that VPP takes, on any number of cores`, () => {
      for (const count of [1, 2, 3, 4, 5, 8, 9, 32]) {
        const cores = Array.from({ length: count }, (_, core) => core)
        const { core, nat } = render({ ...config, cpu: undefined } as unknown as RouterConfig, { cores })
        for (const text of [core, nat]) if (text !== undefined) assertAccepted(text)
      }
    })
  }

  test('a card is found by name, alternative name, address or place, and virtio by the PCI device around it', () => {
    const config = changed({
      interfaces: [
        { name: 'a', role: 'external', nic: { name: 'ens3' } },
        { name: 'b', role: 'internal', nic: { mac: '02:00:5e:00:53:02' } },
        { name: 'c', role: 'internal', nic: { pci: '0000:05:00.0' } },
        { name: 'd', role: 'internal', nic: { name: 'enx1' } },
      ],
      bridges: [],
      crossConnects: [],
      policyRoutes: [],
    })
    const cards = [
      { name: 'ens3', alternativeNames: [], pci: '0000:00:03.0', driver: 'virtio_net' },
      { name: 'ens4', alternativeNames: [], pci: '0000:00:04.0', mac: '02:00:5e:00:53:02', driver: 'mlx5_core' },
      { alternativeNames: [], pci: '0000:05:00.0' },
      { name: 'ens6', alternativeNames: ['enx1'], pci: '0000:06:00.0', driver: 'ixgbe' },
    ]
    const devices = stanzasOf(render(config, { cards }).core).get('dpdk')
    assert.deepEqual(devices, [
      'dev default { num-rx-queues 4 }',
      'dev 0000:00:03.0 { name a }',
      'dev 0000:00:04.0 { name b }',
      'dev 0000:05:00.0 { name c }',
      'dev 0000:06:00.0 { name d }',
    ])
    assert.throws(() => render(config, { cards: cards.slice(1) }), {
      code: 'not-found',
      findings: [
        {
          path: 'interfaces[0].nic',
          severity: 'error',
          message: 'this machine has no network card ens3',
          value: '{"name":"ens3"}',
        },
      ],
    })
  })

  test('without a PCI bus there is no DPDK, and buffers take pages of the usual size', () => {
    const config = changed({ nat: undefined, container: undefined })
    const { core, nat } = renderStartup(config, withoutPci(hardwareFor(config)))
    assert.equal(nat, undefined)
    assert.doesNotMatch(core, /dpdk/)
    assert.match(core, /page-size default/)
    assert.equal(hugePages(config, withoutPci(hardwareFor(config))), 0)
    assert.equal(hugePages(config, hardwareFor(config, { cores: [0, 1, 2] })), 84)
  })

  test('a process without cores of its own does not keep one busy', () => {
    const config = changed({})
    const one = render(config, { cores: [0] })
    assert.match(one.core, /poll-sleep-usec/)
    assert.doesNotMatch(one.core, /cpu/)
    const four = render(config, { cores: [0, 1, 2, 3] })
    assert.doesNotMatch(four.core, /poll-sleep-usec/)
    assert.match(four.nat ?? '', /poll-sleep-usec/)
  })

  test('the heap of NAT holds what det44 takes for its mappings, as measured', () => {
    const measured: readonly [inside: string, outside: string, mebibytes: number][] = [
      ['10.0.0.0/24', '198.51.100.0/30', 35 + 6],
      ['10.0.0.0/20', '198.51.100.0/26', 35 + 94],
      ['10.0.0.0/17', '198.51.100.0/24', 35 + 750],
      ['10.0.0.0/16', '198.51.100.0/24', 35 + 1500],
    ]
    for (const [inside, outside, needed] of measured) {
      const { natHeap } = planMemory(changed(onlyNat(inside, outside)), 64 * gibibyte, 1)
      assert.ok(natHeap > needed && natHeap < 2 * needed + 512, `${inside}: ${natHeap}`)
    }
  })

  test('mappings that the machine has no memory for are refused before det44 aborts', () => {
    assert.throws(() => planMemory(changed(onlyNat('10.0.0.0/15', '198.51.100.0/24')), 2 * gibibyte, 1), {
      code: 'input',
      message: /VPP needs \d+ MiB of memory for this configuration, this machine has 2048/,
      findings: [{ path: 'nat.mappings', severity: 'error', message: '131072 hosts take 4032 MiB' }],
    })
    assert.ok(planMemory(changed({ nat: undefined }), gibibyte, 1).coreHeap <= 512)
  })
})
