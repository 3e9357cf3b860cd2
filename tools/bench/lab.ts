/** A lab of two routers with BGP between them, beside the bare commands that make the same. */
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { compare, imp, openDirectory, run, waitFor, type Ratio } from './measure.ts'

function frrConfiguration(own: number, peer: number): string {
  return `frr defaults traditional
interface eth1
 ip address 192.0.2.${own}/30
exit
router bgp ${64495 + own}
 no bgp ebgp-requires-policy
 neighbor 192.0.2.${peer} remote-as ${64495 + peer}
 neighbor 192.0.2.${peer} timers connect 1
exit
`
}

const ends = [
  { name: 'left', own: 1, peer: 2 },
  { name: 'right', own: 2, peer: 1 },
]

/** The same by hand: namespaces, one link, zebra, staticd and bgpd in each, the configuration loaded. */
async function bare(directory: string): Promise<void> {
  const namespace = (name: string): string => `impbench-${name}`
  for (const { name } of ends) await run(['ip', 'netns', 'add', namespace(name)])
  await run(['ip', 'link', 'add', 'eth1', 'netns', namespace('left'), 'type', 'veth', 'peer', 'name', 'eth1', 'netns', namespace('right')])
  for (const { name, own, peer } of ends) {
    const place = join(directory, name)
    await mkdir(place, { recursive: true })
    await writeFile(join(place, 'frr.conf'), frrConfiguration(own, peer))
    await writeFile(join(place, 'vtysh.conf'), 'service integrated-vtysh-config\n')
    await run(['chown', '-R', 'frr:frr', place])
    for (const link of ['lo', 'eth1']) await run(['ip', '-n', namespace(name), 'link', 'set', link, 'up'])
    for (const daemon of ['zebra', 'staticd', 'bgpd']) {
      const enter = ['ip', 'netns', 'exec', namespace(name)]
      const sockets = ['-z', join(place, 'zserv.api'), '--vty_socket', place, '-i', join(place, `${daemon}.pid`)]
      const files = ['-f', join(place, 'none.conf'), '--log', `file:${join(place, `${daemon}.log`)}`]
      await run([...enter, `/usr/lib/frr/${daemon}`, '-d', '-A', '127.0.0.1', '-P', '0', ...sockets, ...files])
    }
    await run(['ip', 'netns', 'exec', namespace(name), 'vtysh', '--vty_socket', place, '--config_dir', place, '-b'])
  }
}

async function removeBare(directory: string): Promise<void> {
  for (const { name } of ends) {
    const pids = (await run(['ip', 'netns', 'pids', `impbench-${name}`]).catch(() => '')).split('\n').filter((line) => line !== '')
    if (pids.length > 0) await run(['kill', '-9', ...pids])
    await waitFor('the end of the daemons', async () => (await run(['ip', 'netns', 'pids', `impbench-${name}`]).catch(() => '')) === '')
    await run(['ip', 'netns', 'delete', `impbench-${name}`]).catch(() => '')
    await rm(join(directory, name), { recursive: true, force: true })
  }
}

export async function benchmarkLab(): Promise<Ratio[]> {
  const directory = await openDirectory()
  const file = join(directory, 'lab.yaml')
  const nodes = ends.map(({ name }) => `    ${name}: { kind: frr, startup-config: ${name}.conf }`).join('\n')
  await writeFile(file, `name: impbench\ntopology:\n  nodes:\n${nodes}\n  links:\n    - endpoints: ['left:eth1', 'right:eth1']\n`)
  for (const { name, own, peer } of ends) await writeFile(join(directory, `${name}.conf`), frrConfiguration(own, peer))
  const down = async (): Promise<void> => void (await run([imp, 'lab', 'down', 'impbench']))
  const bareDirectory = join(directory, 'bare')
  try {
    return [
      await compare(
        { name: 'imp lab up, two FRR routers', work: async () => void (await run([imp, 'lab', 'up', file])), after: down },
        {
          name: 'bare ip, FRR and vtysh commands',
          work: () => bare(bareDirectory),
          after: () => removeBare(bareDirectory),
        },
        3,
      ),
    ]
  } finally {
    await removeBare(bareDirectory)
    await rm(directory, { recursive: true, force: true })
  }
}
