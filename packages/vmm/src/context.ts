/** What every operation of `vmm` receives. */
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import type { OperationContext } from '@imp/kit/op/operation.ts'

export interface VmmPaths {
  /** `/var/lib/vmm`; `~/.local/share/vmm` for others than root; or where the environment variable VMM_DATA_DIR points. */
  readonly data: string
  /** Sockets and FIFOs of running machines: `<data>/sockets`. */
  readonly run: string
  /** What may be deleted at any time and is made again: `<data>/cache`. */
  readonly cache: string
}

export interface VmmContext extends OperationContext {
  readonly paths: VmmPaths
  /** Whether we may make TAPs, bridges and nftables rules. */
  readonly root: boolean
}

function dataDirectory(root: boolean): string {
  const told = process.env['VMM_DATA_DIR']
  if (told !== undefined && told !== '') return resolve(told)
  // XDG Base Directory Specification, XDG_DATA_HOME.
  return root ? '/var/lib/vmm' : join(process.env['XDG_DATA_HOME'] ?? join(homedir(), '.local', 'share'), 'vmm')
}

/** Adds what `vmm` knows: where its data lies and what it may do. */
export function makeContext(common: OperationContext): VmmContext {
  const root = process.getuid?.() === 0
  const data = dataDirectory(root)
  return { ...common, root, paths: { data, run: join(data, 'sockets'), cache: join(data, 'cache') } }
}
