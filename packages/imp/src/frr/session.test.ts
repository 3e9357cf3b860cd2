import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { fakeHost } from '@imp/kit/host/fake.ts'
import type { Refused } from './conversation.ts'
import { machineWith } from './fake-daemon.ts'
import { withSession } from './session.ts'

interface Held {
  readonly refused: Refused | undefined
  /** What the daemon heard between the markers. */
  readonly heard: readonly string[]
}

async function configure(commands: readonly string[], refuses: (command: string) => boolean = () => false, end?: string): Promise<Held> {
  const heard: string[] = []
  const machine = machineWith((command) => {
    heard.push(command)
    if (command === end) return 'close'
    return refuses(command) ? { text: `% no ${command}`, status: 1 } : { text: '', status: 0 }
  })
  const refused = await withSession({ machine, host: fakeHost(), directory: '/run/frr' }, 'staticd', (session) =>
    session.configure(commands),
  )
  return { refused, heard: heard.filter((command) => !/^(configure terminal|XFRR_.*|end)$/.test(command)) }
}

const routes = (count: number): string[] => Array.from({ length: count }, (_, index) => `ip route 10.0.${index}.0/24 192.0.2.1`)

suite('commands of a configuration', () => {
  test('reach the daemon in their order, however many go together', async () => {
    const commands = ['interface lan', 'description a', 'exit', ...routes(200), 'router bgp 64500', 'neighbor 192.0.2.9 remote-as 64496']
    assert.deepEqual(await configure(commands), { refused: undefined, heard: commands })
  })

  test('stop at the first that is refused, which is named by its place', async () => {
    const commands = ['interface lan', 'description a', ...routes(200)]
    const bad = 'ip route 10.0.150.0/24 192.0.2.1'
    const { refused, heard } = await configure(commands, (command) => command === bad)
    assert.deepEqual(refused, { at: 152, status: 'refused', text: `% no ${bad}` })
    // Others of the same table were on their way, those behind them were not.
    assert.deepEqual(heard, commands.slice(0, heard.length))
    assert.ok(heard.length < commands.length)
  })

  test('behind a context that is refused are not sent', async () => {
    const { refused, heard } = await configure(['router bgp 64500', 'neighbor 192.0.2.9 remote-as 64496', ...routes(3)], (command) =>
      command.startsWith('router'),
    )
    assert.deepEqual([refused?.at, heard], [0, ['router bgp 64500']])
  })

  test('of a daemon that goes away name the one that it had', async () => {
    const commands = routes(10)
    const { refused } = await configure(commands, undefined, commands[4])
    assert.deepEqual([refused?.at, refused?.lost], [4, true])
  })

  test('leave no route map of which another one is entered', async () => {
    const commands = ['route-map a permit 10', 'match tag 1', 'exit', 'route-map b permit 10', 'exit', 'ip route 10.0.0.0/8 192.0.2.1']
    assert.deepEqual((await configure(commands)).heard, commands.toSpliced(2, 1))
  })
})
