/** Starts the relays of delayed links on kernels without netem, each in a namespace of its own between the two ends. */
import { execPath } from 'node:process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { Fault } from '@imp/kit/base/fault.ts'
import { parse, parseJson } from '@imp/kit/base/schema.ts'
import type { Host } from '@imp/kit/host/host.ts'
import { findUnit, startUnit, stopUnit, unitFiles } from '@imp/kit/host/supervise.ts'
import { until } from '@imp/kit/host/until.ts'
import type { LinkDefinition } from './definition.ts'
import { relayNamespaceOf, type LabPaths } from './names.ts'
import { relaySides } from './wire.ts'

const program = fileURLToPath(new URL('relay.ts', import.meta.url))

const IpLink = z.tuple([z.looseObject({ ifindex: z.int() })])

/** Device number of a macvtap; sysfs shows it in the namespace of the device only, into which `ip netns exec` mounts it. */
async function deviceNumber(host: Host, namespace: string, device: string): Promise<[string, string]> {
  const shown = await host.query(['ip', '-n', namespace, '-j', 'link', 'show', 'dev', device])
  const [{ ifindex }] = parse(IpLink, parseJson(shown.stdout, 'ip -j link'), 'ip -j link')
  const path = `/sys/class/net/${device}/macvtap/tap${ifindex}/dev`
  const [major, minor] = (await host.query(['ip', 'netns', 'exec', namespace, 'cat', path])).stdout.split(':')
  if (major === undefined || minor === undefined) throw new Fault('state', `${path} holds no device number`)
  return [major, minor]
}

/**
 * A device node of our own: those below /dev are named by interface index, which is unique in a namespace only, so that two
 * namespaces would share one.
 */
async function makeNode(host: Host, directory: string, namespace: string, device: string): Promise<string> {
  const path = join(directory, device)
  const [major, minor] = await deviceNumber(host, namespace, device)
  await host.files.remove(path)
  await host.run(['mknod', '-m', '600', path, 'c', major, minor])
  return path
}

/** Starts the relay of a link whose cables lie, and waits until it carries frames. */
export async function startRelay(host: Host, paths: LabPaths, lab: string, link: LinkDefinition): Promise<void> {
  const [directory, namespace] = [paths.relayDirectory(link), relayNamespaceOf(lab, link)]
  const { delayMs = 0, jitterMs = 0 } = link.impairment ?? {}
  await host.files.makeDirectory(directory)
  const devices = await Promise.all(relaySides.map(({ device }) => makeNode(host, directory, namespace, device)))
  const log = unitFiles(directory, 'relay').log
  await host.files.remove(log)
  await startUnit(host, {
    name: 'relay',
    directory,
    namespace,
    argv: [execPath, '--disable-warning=ExperimentalWarning', program, ...devices, String(delayMs), String(jitterMs)],
  })
  await until(host.clock, { timeout: 20_000, what: `relay between ${link.ends.map((end) => end.node).join(' and ')}` }, async () => {
    const words = await host.files.read(log)
    if (words.startsWith('ready')) return true
    if ((await findUnit(host, directory, 'relay')) !== undefined) return false
    throw new Fault('exec', 'the relay of a delayed link ended at once', { detail: words })
  })
}

/** Ends the relay and takes its device nodes away. */
export async function stopRelay(host: Host, paths: LabPaths, link: LinkDefinition): Promise<void> {
  const directory = paths.relayDirectory(link)
  if ((await host.files.stat(directory)) === undefined) return
  await stopUnit(host, directory, 'relay')
  await host.files.remove(directory)
}
