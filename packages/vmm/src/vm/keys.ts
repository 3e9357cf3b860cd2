/** Keys of ssh: the pair that vmm logs in with, and the host key that each guest gets from us, so that it is known beforehand. */
import { dirname, join } from 'node:path'
import type { Argv, Host } from '@imp/kit/host/host.ts'
import { withLock } from '@imp/kit/host/lock.ts'
import { namespacePath } from '@imp/kit/host/namespace.ts'
import { temporaryBeside } from '@imp/kit/host/temporary.ts'
import type { VmmPaths } from '../context.ts'
import type { Vm } from './model.ts'
import { machinePaths, managedKey } from './paths.ts'

/** Makes an ed25519 pair at `path` and `path.pub`, whole or not at all: the private key, which is looked for, comes last. */
async function ensurePair(host: Host, path: string, comment: string): Promise<void> {
  if ((await host.files.stat(path)) !== undefined) return
  const temporary = await temporaryBeside(path)
  await host.files.makeDirectory(dirname(path), { mode: 0o700 })
  await host.run(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', comment, '-f', temporary])
  await host.files.rename(`${temporary}.pub`, `${path}.pub`)
  await host.files.rename(temporary, path)
}

/** The alias under which ssh knows a guest, whatever its address is. */
function alias(id: string): string {
  return `vmm-${id}`
}

/** Type and key of a public key file, without its comment. */
export async function publicKey(host: Host, path: string): Promise<string> {
  const [type = '', key = ''] = (await host.files.read(path)).trim().split(' ')
  return `${type} ${key}`
}

/** Makes what is missing of the keys for one machine. May be repeated. */
export async function ensureKeys(host: Host, paths: VmmPaths, id: string): Promise<void> {
  const { hostKey, knownHosts } = machinePaths(paths, id)
  const managed = managedKey(paths)
  await withLock(host.clock, join(paths.data, 'locks', 'keys.lock'), { what: 'the keys' }, () => ensurePair(host, managed, 'vmm'))
  await ensurePair(host, hostKey, alias(id))
  await host.files.write(knownHosts, `${alias(id)} ${await publicKey(host, `${hostKey}.pub`)}\n`)
}

/** ssh splits the values of its options at blanks, unless they are quoted (ssh_config(5)). */
function quoted(path: string): string {
  return /\s/.test(path) ? `"${path}"` : path
}

/** Where the guest's sshd is reached from this computer, or from the machine's namespace; undefined without network. */
export function sshAddress({ network }: Vm): { address: string; port: number } | undefined {
  if (network.kind === 'none') return undefined
  return network.kind === 'bridge' ? { address: network.address, port: 22 } : { address: '127.0.0.1', port: network.sshPort }
}

/** ssh to the machine, complete but for the words to run there; undefined without network. The host key is pinned. */
export function sshArgv(vm: Vm, paths: VmmPaths, user = 'root'): Argv | undefined {
  const target = sshAddress(vm)
  if (target === undefined) return undefined
  const options = [
    `UserKnownHostsFile=${quoted(machinePaths(paths, vm.id).knownHosts)}`,
    'GlobalKnownHostsFile=/dev/null',
    'StrictHostKeyChecking=yes',
    `HostKeyAlias=${alias(vm.id)}`,
    'IdentitiesOnly=yes',
    'ConnectTimeout=15',
    'LogLevel=ERROR',
  ].flatMap((option) => ['-o', option])
  // The configuration of the person must not change what this means.
  const ssh: Argv = ['ssh', '-F', '/dev/null', '-i', managedKey(paths), ...options, '-p', String(target.port), `${user}@${target.address}`]
  return vm.namespace === undefined ? ssh : ['nsenter', `--net=${namespacePath(vm.namespace)}`, '--', ...ssh]
}
