import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LinkDefinition, Wiring } from './definition.ts'
import { createWords } from './guests.ts'
import { impairEnd } from './impair.ts'
import { macOf, namespaceOf, namespacePrefix, relayNamespaceOf } from './names.ts'
import { wireBatches } from './wire.ts'

function link(a: string, b: string, relayed = false): LinkDefinition {
  const end = (text: string) => ({ node: text.split(':')[0] ?? '', interface: text.split(':')[1] ?? '' })
  return { ends: [end(a), end(b)], relayed }
}

const lab: Wiring = {
  name: 'demo',
  nodes: [
    { name: 'client', realised: 'namespace' },
    { name: 'edge', realised: 'namespace' },
    { name: 'guest', realised: 'guest' },
  ],
  links: [link('client:eth1', 'edge:lan', true), link('edge:a', 'guest:eth1'), link('edge:b', 'guest:eth2')],
}

test('links are pairs of veth, cards of guests, and relays in between', (t) => {
  const { pairs, inside } = wireBatches(lab, lab.links)
  const text = [...pairs, ...[...inside].flatMap(([namespace, lines]) => ['', `# ${namespace}`, ...lines])].join('\n')
  t.assert.fileSnapshot(text, new URL('golden/wire.txt', import.meta.url).pathname, { serializers: [(value) => `${String(value)}\n`] })
})

test('only the asked for links are made, with the cards at their own places', () => {
  const { pairs, inside } = wireBatches(lab, [link('edge:b', 'guest:eth2')])
  assert.equal(pairs.length, 1)
  assert.deepEqual([...inside.keys()], ['imp-demo-edge', 'imp-demo-guest'])
  assert.ok(inside.get('imp-demo-guest')?.includes('link set dev imp-tap2 master imp-br2'))
})

test('a guest gets its cards in the order of the links, with addresses that stay', (t) => {
  const node = {
    name: 'guest',
    kind: 'microvm',
    realised: 'guest',
    because: [],
    daemons: [],
    exec: [],
    files: [],
    directory: '/lab',
    image: 'debian',
  } as const
  const words = createWords(lab, { ...node, because: [], daemons: [], exec: [], files: [] })
  t.assert.fileSnapshot(words.join(' '), new URL('golden/create.txt', import.meta.url).pathname, {
    serializers: [(value) => `${String(value)}\n`],
  })
})

test('addresses of cards are unicast, locally administered and different', () => {
  const macs = lab.links.flatMap((each) => each.ends).map((end) => macOf('demo', end))
  assert.equal(new Set(macs).size, macs.length)
  for (const mac of macs) assert.match(mac, /^02(:[0-9a-f]{2}){5}$/)
  assert.notEqual(macOf('one', { node: 'a', interface: 'eth1' }), macOf('two', { node: 'a', interface: 'eth1' }))
})

test('namespaces of a lab are found by its prefix, and no lab has the prefix of another', () => {
  assert.ok(namespaceOf('demo', 'edge').startsWith(namespacePrefix('demo')))
  assert.ok(relayNamespaceOf('demo', link('a:eth1', 'b:eth1')).startsWith(namespacePrefix('demo')))
  assert.ok(!namespaceOf('demo2', 'edge').startsWith(namespacePrefix('demo')))
})

const impaired = { delayMs: 20, jitterMs: 5, loss: 0.015, rate: 10_000_000 }

test('netem does it all where the kernel has it', () => {
  const [command, ...more] = impairEnd('eth1', impaired, { netem: true })
  assert.deepEqual(more, [])
  assert.equal(
    command?.argv.join(' '),
    'tc qdisc replace dev eth1 root netem delay 20ms 5ms loss random 1.5% rate 10000000bit limit 100000',
  )
})

test('without netem, tbf shapes and nftables loses; the delay is left to the relay', () => {
  const commands = impairEnd('eth-1', impaired, { netem: false })
  assert.deepEqual(
    commands.map(({ argv }) => argv.join(' ')),
    ['tc qdisc replace dev eth-1 root tbf rate 10000000bit burst 16000b latency 50ms', 'nft -f -'],
  )
  assert.match(commands[1]?.input ?? '', /numgen random mod 100000 < 1500 drop/)
  assert.match(commands[1]?.input ?? '', /^table netdev imp_loss_eth\.1$/m)
  assert.deepEqual(impairEnd('eth1', { delayMs: 20, jitterMs: 0, loss: 0 }, { netem: false }), [])
})
