/**
 * Settings of the kernel that guests need: what they were before is written down, and brought back when the last machine has left,
 * unless somebody else counts on them by then.
 */
import { join } from 'node:path'
import { z } from 'zod'
import { parse, parseJson } from '@imp/kit/base/schema.ts'
import type { Host } from '@imp/kit/host/host.ts'
import { findDocument, writeDocument, type DocumentKind } from '@imp/kit/store/document.ts'

const Before = z.strictObject({ settings: z.record(z.string().regex(/^net(\/[A-Za-z0-9_.@-]+)+$/), z.string().regex(/^\d+$/)) })
const beforeDocument = { schema: 'vmm.kernel-settings', version: 1, fields: Before } satisfies DocumentKind<typeof Before>

const Routes = z.array(z.looseObject({ dev: z.string().optional(), protocol: z.string().optional() }))

function documentPath(directory: string): string {
  return join(directory, 'kernel-settings', 'before.json')
}

/** Names are written with slashes, since names of interfaces may hold dots (sysctl(8)). */
async function read(host: Host, key: string): Promise<string> {
  return (await host.query(['sysctl', '-n', key])).stdout.trim()
}

async function ensure(host: Host, directory: string, key: string, value: string): Promise<void> {
  const now = await read(host, key)
  if (now === value) return
  const known = await findDocument(host, beforeDocument, documentPath(directory))
  if (known?.settings[key] === undefined) {
    await host.files.makeDirectory(join(directory, 'kernel-settings'))
    await writeDocument(host, beforeDocument, documentPath(directory), { settings: { ...known?.settings, [key]: now } })
  }
  await host.run(['sysctl', '-q', '-w', `${key}=${value}`])
}

/** Interfaces whose default route came by router advertisement: with forwarding on they would lose it (ip-sysctl.rst, accept_ra). */
async function advertised(host: Host): Promise<string[]> {
  const { stdout } = await host.query(['ip', '-j', '-6', 'route', 'show', 'default'])
  const routes = parse(Routes, parseJson(stdout === '' ? '[]' : stdout, 'ip route'), 'ip route')
  return [...new Set(routes.flatMap(({ dev, protocol }) => (protocol === 'ra' && dev !== undefined ? [dev] : [])))]
}

/** Lets this computer forward, for guests with IPv6 that as well. */
export async function forwardPackets(host: Host, directory: string, six: boolean): Promise<void> {
  await ensure(host, directory, 'net/ipv4/ip_forward', '1')
  if (!six) return
  for (const dev of await advertised(host)) {
    if ((await read(host, `net/ipv6/conf/${dev}/accept_ra`)) === '1') await ensure(host, directory, `net/ipv6/conf/${dev}/accept_ra`, '2')
  }
  await ensure(host, directory, 'net/ipv6/conf/all/forwarding', '1')
}

/** Forgets what was before, and unless `needed` by somebody else brings it back, the last change first. */
export async function restoreSettings(host: Host, directory: string, needed: () => Promise<boolean>): Promise<void> {
  const known = await findDocument(host, beforeDocument, documentPath(directory))
  if (known === undefined) return
  if (!(await needed())) {
    // -e: an interface of then may be gone.
    for (const [key, value] of Object.entries(known.settings).toReversed()) await host.run(['sysctl', '-e', '-q', '-w', `${key}=${value}`])
  }
  await host.files.remove(documentPath(directory))
}
