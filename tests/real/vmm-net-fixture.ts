/** A computer made of a namespace, with guests that are namespaces behind what would be their TAPs: packets without booting anything. */
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Host } from '@imp/kit/host/host.ts'
import { localHost } from '@imp/kit/host/local.ts'
import { inNamespace } from '@imp/kit/host/namespace.ts'
import { attach, bridgePaths, detach, type BridgePaths } from '../../packages/vmm/src/net/bridge.ts'
import { gatewayAddress6, macOfAddress, tapOf, type BridgeSettings, type Member } from '../../packages/vmm/src/net/model.ts'

const run = promisify(execFile)

/** A server and a client for one packet or line, so that the tests need no program of the kind. */
const programs = {
  tcp: `require('node:net').createServer((s) => s.on('error', () => {}).end(s.remoteAddress)).listen(+process.argv[1], '::', () => console.log('ready'))`,
  udp: `const d = require('node:dgram').createSocket('udp6'); d.on('message', (m, r) => d.send(r.address, r.port, r.address)); d.bind(+process.argv[1], '::', () => console.log('ready'))`,
  asktcp: `const [, host, port, patience] = process.argv; const s = require('node:net').connect(+port, host); let t = ''; setTimeout(() => process.exit(1), +patience); s.on('data', (c) => (t += c)).on('end', () => { console.log(t); process.exit(0) }).on('error', () => process.exit(1))`,
  askudp: `const [, host, port, patience] = process.argv; const d = require('node:dgram').createSocket(host.includes(':') ? 'udp6' : 'udp4'); setTimeout(() => process.exit(1), +patience); d.on('error', () => process.exit(1)); d.on('message', (m) => { console.log(String(m)); process.exit(0) }); const ask = () => d.send('x', +port, host); ask(); setInterval(ask, 1000)`,
} as const

export interface Network {
  readonly settings: BridgeSettings
  readonly paths: BridgePaths
}

export type Question = [namespace: string, protocol: 'tcp' | 'udp', host: string, port: number]

export interface Computer {
  readonly name: string
  readonly host: Host
  readonly ip: (...words: string[]) => Promise<string>
  /** Runs a program in a namespace of the test; rejects when it fails. */
  readonly inside: (namespace: string, ...argv: string[]) => Promise<string>
  readonly addNamespace: (name: string) => Promise<string>
  readonly network: (settings: BridgeSettings, name?: string) => Network
  /** Puts a guest on the network and returns the name of its namespace. */
  readonly guest: (network: Network, id: string, member: Partial<Member> & Pick<Member, 'address'>) => Promise<string>
  readonly leave: (network: Network, id: string) => Promise<void>
  /** Answers with the address of whoever asks, until the test ends. */
  readonly serve: (namespace: string, protocol: 'tcp' | 'udp', port: number) => Promise<void>
  /** Who the server saw asking; undefined when it was refused, or when there was no answer within 60 seconds. */
  readonly ask: (...question: Question) => Promise<string | undefined>
  /** Whether there is no answer to any of the questions, asked at the same time, for two seconds. */
  readonly silent: (...questions: Question[]) => Promise<boolean>
  readonly rules: () => Promise<string>
  readonly close: () => Promise<void>
}

/** An empty network namespace that is a computer of its own. */
export async function makeComputer(prefix: string): Promise<Computer> {
  const name = `${prefix}${process.pid}`
  const directory = await mkdtemp(join(tmpdir(), 'vmn'))
  const namespaces: string[] = []
  const servers: ReturnType<typeof execFile>[] = []
  const host = inNamespace(localHost(), name)
  const inside = async (namespace: string, ...argv: string[]): Promise<string> =>
    (await run('ip', ['netns', 'exec', namespace, ...argv])).stdout
  const ip = (...words: string[]): Promise<string> => inside(name, 'ip', ...words)
  const addNamespace = async (each: string): Promise<string> => {
    await run('ip', ['netns', 'add', each])
    namespaces.push(each)
    await run('ip', ['-n', each, 'link', 'set', 'dev', 'lo', 'up'])
    return each
  }
  const answer = ([namespace, protocol, address, port]: Question, patience: number): Promise<string | undefined> =>
    inside(namespace, process.execPath, '-e', programs[`ask${protocol}`], address, String(port), String(patience)).then(
      (stdout) => stdout.trim().replace(/^::ffff:/, ''),
      () => undefined,
    )
  await addNamespace(name)
  return {
    name,
    host,
    ip,
    inside,
    addNamespace,
    network: (settings, network) => ({ settings, paths: bridgePaths(directory, network) }),
    async guest({ settings, paths }, id, { address, ...member }) {
      const guest = await addNamespace(`${name}${id}`)
      const mac = macOfAddress(address)
      await ip('link', 'add', tapOf(id), 'type', 'veth', 'peer', 'name', 'eth0', 'address', mac, 'netns', guest)
      await attach(host, paths, settings, { tap: tapOf(id), mac, address, forwards: [], ...member })
      const inGuest = (...words: string[]) => run('ip', ['-n', guest, ...words])
      await inGuest('address', 'add', `${address}/${settings.subnet.split('/')[1]}`, 'dev', 'eth0')
      await inGuest('link', 'set', 'dev', 'eth0', 'up')
      await inGuest('route', 'add', 'default', 'via', settings.gateway)
      if (member.address6 !== undefined && settings.subnet6 !== undefined) {
        await inGuest('-6', 'address', 'add', `${member.address6}/64`, 'dev', 'eth0', 'nodad')
        await inGuest('-6', 'route', 'add', 'default', 'via', gatewayAddress6(settings.subnet6).split('/')[0] ?? '')
      }
      return guest
    },
    leave: ({ settings, paths }, id) => detach(host, paths, settings, tapOf(id)),
    serve: (namespace, protocol, port) =>
      new Promise((resolve, reject) => {
        const server = execFile('ip', ['netns', 'exec', namespace, process.execPath, '-e', programs[protocol], String(port)])
        servers.push(server)
        server.stdout?.once('data', () => resolve())
        server.once('exit', (status) => reject(new Error(`the server ended with ${status}`)))
      }),
    ask: (...question) => answer(question, 60_000),
    silent: async (...questions) => (await Promise.all(questions.map((each) => answer(each, 2000)))).every((each) => each === undefined),
    rules: () => inside(name, 'nft', 'list', 'ruleset'),
    async close() {
      for (const server of servers) server.kill()
      for (const each of namespaces.toReversed()) await run('ip', ['netns', 'delete', each])
      await rm(directory, { recursive: true, force: true })
    },
  }
}

/** What is outside of a computer: a namespace of which it learns by its default routes of both families, over `wan0`. */
export async function addInternet({ name, ip, inside, addNamespace }: Computer, further: readonly string[] = []): Promise<string> {
  const internet = await addNamespace(`${name}i`)
  await ip('link', 'add', 'wan0', 'type', 'veth', 'peer', 'name', 'isp0', 'netns', internet)
  await ip('address', 'add', '198.51.100.2/24', 'dev', 'wan0')
  await ip('-6', 'address', 'add', '2001:db8:1::2/64', 'dev', 'wan0', 'nodad')
  await ip('link', 'set', 'dev', 'wan0', 'up')
  for (const address of ['198.51.100.1/24', '2001:db8:1::1/64', ...further])
    await inside(internet, 'ip', 'address', 'add', address, 'dev', 'isp0', ...(address.includes('::') ? ['nodad'] : []))
  await inside(internet, 'ip', 'link', 'set', 'dev', 'isp0', 'up')
  await ip('route', 'add', 'default', 'via', '198.51.100.1')
  await ip('-6', 'route', 'add', 'default', 'via', '2001:db8:1::1')
  return internet
}

/** Gives a computer a second way to what is outside, `wan1`, and leads its default route by that. */
export async function moveDefaultRoute({ ip, inside }: Computer, internet: string): Promise<void> {
  await ip('link', 'add', 'wan1', 'type', 'veth', 'peer', 'name', 'isp1', 'netns', internet)
  await ip('address', 'add', '192.0.2.2/24', 'dev', 'wan1')
  await ip('link', 'set', 'dev', 'wan1', 'up')
  await inside(internet, 'ip', 'address', 'add', '192.0.2.1/24', 'dev', 'isp1')
  await inside(internet, 'ip', 'link', 'set', 'dev', 'isp1', 'up')
  await ip('route', 'replace', 'default', 'via', '192.0.2.1')
}
