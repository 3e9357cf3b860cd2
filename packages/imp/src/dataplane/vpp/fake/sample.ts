/** Fake VPPs with clients for tests, gone when the test ends. */
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { Host } from '@imp/kit/host/host.ts'
import { localHost } from '@imp/kit/host/local.ts'
import type { DataplanePlace } from '../../dataplane.ts'
import { openVpp, type ClientOptions, type VppClient } from '../api/client.ts'
import { startFakeVpp, type FakeVpp, type FakeVppOptions } from './server.ts'

export const host = localHost()
let made = 0

async function directoryFor(t: TestContext): Promise<string> {
  made += 1
  const directory = join(tmpdir(), `imp-vpp-${process.pid}-${made}`)
  await host.files.makeDirectory(directory)
  t.after(() => host.files.remove(directory))
  return directory
}

/** A fake VPP of its own for a test. */
export async function fakeFor(t: TestContext, options?: FakeVppOptions): Promise<FakeVpp> {
  const vpp = await startFakeVpp(join(await directoryFor(t), 'api.sock'), options)
  t.after(() => vpp.close())
  return vpp
}

/** A client of a socket, closed when the test ends. */
export async function clientFor(t: TestContext, socket: string, options: Partial<ClientOptions> = {}): Promise<VppClient> {
  const client = await openVpp(host, { name: 'test', socket, ...options })
  t.after(() => client.close())
  return client
}

export async function fakeAndClient(
  t: TestContext,
  options?: FakeVppOptions,
): Promise<{ readonly vpp: FakeVpp; readonly client: VppClient }> {
  const vpp = await fakeFor(t, options)
  return { vpp, client: await clientFor(t, vpp.socket) }
}

/** `ip -j -d address show` of a namespace with these links. */
function linksAsJson(links: readonly string[]): string {
  return JSON.stringify(
    links.map((ifname, index) => ({ ifname, flags: ['UP', 'LOWER_UP'], mtu: 1500, address: `02:00:00:00:00:0${index}` })),
  )
}

export interface FakeDataplane {
  readonly place: DataplanePlace
  readonly core: FakeVpp
  readonly nat: FakeVpp
  readonly nat64: FakeVpp
}

/** The processes of a dataplane on a machine with these links. Restarting one is its coming back empty. */
export async function fakeDataplane(t: TestContext, links: readonly string[], options: FakeVppOptions = {}): Promise<FakeDataplane> {
  const directory = await directoryFor(t)
  const [core, nat, nat64] = await Promise.all(
    ['core', 'nat', 'nat64'].map(async (name) => {
      const vpp = await startFakeVpp(join(directory, `${name}-api.sock`), { links: new Set(links), ...options })
      t.after(() => vpp.close())
      return vpp
    }),
  )
  if (core === undefined || nat === undefined || nat64 === undefined) throw new Error('three processes were started')
  const processes: Readonly<Record<string, FakeVpp>> = { core, nat, nat64 }
  const machine: Host = {
    ...host,
    query: (argv) => Promise.resolve({ argv, status: 0, stdout: linksAsJson(links), stderr: '' }),
    async run(argv) {
      await processes[argv.at(-1) ?? '']?.restart()
      return { argv, status: 0, stdout: '', stderr: '' }
    },
  }
  const restart = { core: ['restart', 'core'], nat: ['restart', 'nat'], nat64: ['restart', 'nat64'] } as const
  return { place: { machine, host: machine, bringsPorts: false, vpp: { directory, restart } }, core, nat, nat64 }
}
