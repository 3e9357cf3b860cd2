/** Fake VPPs with clients for tests, gone when the test ends. */
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { localHost } from '@imp/kit/host/local.ts'
import { openVpp, type ClientOptions, type VppClient } from '../api/client.ts'
import { startFakeVpp, type FakeVpp, type FakeVppOptions } from './server.ts'

export const host = localHost()
let made = 0

/** A fake VPP of its own for a test. */
export async function fakeFor(t: TestContext, options?: FakeVppOptions): Promise<FakeVpp> {
  made += 1
  const directory = join(tmpdir(), `imp-vpp-${process.pid}-${made}`)
  await host.files.makeDirectory(directory)
  const vpp = await startFakeVpp(join(directory, 'api.sock'), options)
  t.after(async () => {
    await vpp.close()
    await host.files.remove(directory)
  })
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
