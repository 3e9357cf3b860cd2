import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, suite, test } from 'node:test'
import { localHost } from '@imp/kit/host/local.ts'
import { invoke, type AnyOperation } from '@imp/kit/op/operation.ts'
import { inputOf } from '@imp/kit/op/words.ts'
import { RouterConfig } from '../config/model.ts'
import { readCandidate } from '../config/candidate.ts'
import type { ImpContext } from '../context.ts'
import { operations as lists } from './ops.ts'
import { operations as sections } from './sections/ops.ts'
import { lists as allLists, wordsOf } from './schema.ts'
import { impContextIn } from '../sample.ts'

const all: readonly AnyOperation<ImpContext>[] = [...lists, ...sections]

function operationOf(words: readonly string[]): AnyOperation<ImpContext> {
  const found = all
    .filter(({ path }) => path.every((word, index) => words[index] === word))
    .toSorted((a, b) => b.path.length - a.path.length)
  return found[0] ?? assert.fail(words.join(' '))
}

suite('lists and sections of the candidate', () => {
  let directory = ''
  let context: ImpContext
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'imp-collections-'))
    context = impContextIn(directory, localHost())
  })
  afterEach(() => rm(directory, { recursive: true, force: true }))

  /** Says a line as a person types it and returns what the person sees. */
  async function say(line: string, dryRun = false): Promise<string> {
    const words = line.split(' ')
    const operation = operationOf(words)
    const answer = await invoke(operation, { ...context, dryRun }, inputOf(operation, words.slice(operation.path.length)))
    return answer.answer === 'result'
      ? (operation.view?.(answer.value, { width: 100, colour: false }) ?? '')
      : `${answer.steps.length} steps`
  }

  async function candidate(): Promise<RouterConfig> {
    return RouterConfig.parse((await readCandidate(context)).document)
  }

  test('a router is built by words alone', async () => {
    for (const line of [
      'interfaces add wan --role external --ipv4 198.51.100.2/30 --ipv6 2001:db8:ffff::2/64',
      'interfaces add lan --role internal --ipv4 192.168.0.1/24 --nic-mac 02:00:5e:00:53:01',
      'interfaces subinterfaces add lan 40 --ipv4 192.168.40.1/24 --ospf-area 1',
      'loopbacks add router-id --ipv4 203.0.113.1/32',
      'bridges add customers --members interface=lan,vlan=100 --members {"interface":"wan"}',
      'cross-connects add 210 --from wan --to lan',
      'routes add 0.0.0.0/0 --via 198.51.100.1',
      'policy-routes add offices --from 192.168.40.0/24 --via 198.51.100.1',
      'bgp enable --asn 64500 --router-id 203.0.113.1',
      'bgp announced add 203.0.113.0/24 2001:db8:10::/48',
      'bgp peers add transit --address 198.51.100.1 --asn 64496 --import-accept-default --export-prepend 2',
      'nat mappings add 192.168.0.0/17 203.0.113.96/28',
      'nat bypass add 192.168.0.0/24 198.51.100.0/24',
      'ospf enable',
      'management enable --nic-name eno1 --mode static',
      'management addresses add 192.0.2.10/25',
    ])
      await say(line)
    const config = await candidate()
    const [wan, lan] = config.interfaces
    assert.deepEqual(wan?.addresses, ['198.51.100.2/30', '2001:db8:ffff::2/64'])
    assert.deepEqual(lan?.nic, { mac: '02:00:5e:00:53:01' })
    assert.equal(lan.subinterfaces[0]?.ospf?.area, 1)
    assert.deepEqual(config.bridges[0]?.members, [{ interface: 'lan', vlan: 100 }, { interface: 'wan' }])
    assert.equal(config.bridges[0].id, 100)
    assert.deepEqual([config.crossConnects[0]?.from, config.crossConnects[0]?.to, config.crossConnects[0]?.vlan], ['wan', 'lan', 210])
    assert.equal(config.bgp?.peers[0]?.import.acceptDefault, true)
    assert.equal(config.bgp.peers[0].export.prepend, 2)
    assert.deepEqual(config.nat?.bypass, [{ source: '192.168.0.0/24', destination: '198.51.100.0/24' }])
    assert.deepEqual(config.management?.addresses, ['192.0.2.10/25'])
    assert.equal(await say('nat mappings list'), 'NAME            OUTSIDE\n192.168.0.0/17  203.0.113.96/28')
    assert.match(await say('interfaces list'), /^NAME +ROLE +NIC +ADDRESSES +SUBINTERFACES\nwan /)
    assert.match(await say('bgp peers show transit'), /^import\.acceptDefault +true$/m)
    await say('bgp peers set transit holdTime 30')
    await say('interfaces subinterfaces set lan 40 ospf.area 2')
    await say('bgp set asn 64501')
    await say('routes delete 0.0.0.0/0')
    await say('ospf disable')
    const after = await candidate()
    assert.deepEqual([after.bgp?.peers[0]?.holdTime, after.bgp?.asn, after.routes.length, after.ospf], [30, 64501, 0, undefined])
    assert.equal(after.interfaces[1]?.subinterfaces[0]?.ospf?.area, 2)
  })

  test('what was staged is said, with what a commit would have against it; a dry run stages nothing', async () => {
    assert.equal(await say('loopbacks add --ipv4 203.0.113.1/32', true), '1 steps')
    assert.deepEqual((await candidate()).loopbacks, [])
    const said = await say('interfaces add wan --role external --ipv4 198.51.100.2/30')
    assert.match(said, /^\+ interfaces\.wan = \{"name":"wan","role":"external",.*\}\n1 change in the candidate/)
    assert.match(said, /warning +routes/)
  })

  const refused: [line: string, expected: { code: string; message: RegExp; hint?: RegExp }][] = [
    ['interfaces add wan --role outside', { code: 'input', message: /--role "outside"/, hint: /external, internal/ }],
    ['interfaces add wan --role external --mtu 9', { code: 'input', message: /--mtu 9: .*1280/ }],
    ['interfaces add wan --role external --ipv4 2001:db8::1/64', { code: 'input', message: /--ipv4\[0\] "2001:db8::1\/64"/ }],
    ['bridges add x --members port=lan', { code: 'input', message: /no field "port"/, hint: /interface, vlan/ }],
    ['bridges add x --members lan', { code: 'input', message: /FIELD=VALUE/ }],
    ['interfaces subinterfaces add lan 40', { code: 'not-found', message: /no "lan"/, hint: /there are none/ }],
    ['routes add 0.0.0.0/0', { code: 'input', message: /routes add 0.0.0.0\/0/ }],
    ['bgp peers add transit --address 192.0.2.1 --asn 64496', { code: 'state', message: /BGP is not configured/, hint: /imp bgp enable/ }],
    ['nat bypass add 192.168.0.0/24 198.51.100.0/24', { code: 'state', message: /NAT is not configured/, hint: /imp nat mappings add/ }],
    ['bgp disable', { code: 'not-found', message: /BGP is not configured/, hint: /imp bgp enable/ }],
    ['nat mappings delete x', { code: 'not-found', message: /nat mappings: there is no "x"/ }],
  ]
  for (const [line, { code, message, hint }] of refused)
    test(`refused: ${line}`, async () => {
      await assert.rejects(say(line), (error: { code: string; message: string; hint?: string }) => {
        assert.equal(error.code, code)
        assert.match(error.message, message)
        if (hint !== undefined) assert.match(error.hint ?? '', hint)
        return true
      })
    })

  test('values are completed from the schema and from what the candidate has', async () => {
    await say('interfaces add wan --role external --ipv4 198.51.100.2/30')
    await say('interfaces add lan --role internal')
    const ask = async (words: string, key: string, given: Record<string, string | string[]>) =>
      operationOf(words.split(' ')).complete?.[key]?.(context, given)
    assert.deepEqual(await ask('interfaces set', 'name', {}), ['wan', 'lan'])
    assert.deepEqual(await ask('interfaces set', 'value', { name: 'wan', field: 'role' }), ['external', 'internal'])
    assert.deepEqual(await ask('interfaces set', 'value', { name: 'wan', field: 'enabled' }), ['true', 'false'])
    assert.deepEqual(await ask('cross-connects add', 'from', {}), ['wan', 'lan'])
    assert.deepEqual(await ask('routes add', 'interface', {}), ['wan', 'lan'])
    assert.deepEqual(await ask('bgp enable', 'routerId', {}), ['198.51.100.2'])
    assert.ok((await ask('interfaces set', 'field', { name: 'lan' }))?.includes('mtu'))
    const expects = operationOf(['interfaces', 'set']).expects?.['value']
    assert.match(
      (await expects?.(context, { name: 'wan', field: 'mtu' })) ?? '',
      /^largest packet.*1280 to 9216; default 1500; such as 1500, 9000/,
    )
  })

  test('a member that is called as what it is keeps both columns', async () => {
    await say('interfaces add external --role external')
    assert.equal(await say('interfaces list'), 'NAME      ROLE\nexternal  external')
  })

  test('what was added and deleted again leaves nothing behind', async () => {
    await say('interfaces add wan --role external')
    await say('interfaces subinterfaces add wan 40')
    assert.match(await say('interfaces subinterfaces delete wan 40'), /1 change in the candidate/)
    assert.deepEqual((await readCandidate(context)).document.interfaces, [{ name: 'wan', role: 'external' }])
    assert.match(await say('interfaces delete wan'), /the candidate is as committed$/m)
  })

  test('every list of the schema has its commands', () => {
    for (const list of allLists)
      for (const verb of ['list', 'add', 'delete']) assert.deepEqual(operationOf([...wordsOf(list), verb]).path, [...wordsOf(list), verb])
    assert.ok(allLists.length > 15)
  })
})
