/** What every operation of `vmm` receives. */
import { join } from 'node:path'
import type { OperationContext } from '@imp/kit/op/operation.ts'
import { loadSettings, type Environment, type Loaded } from './config/load.ts'

export interface VmmPaths {
  /** `/var/lib/vmm`, or what settings and environment say (`vmm config show`). */
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
  /** The user's settings. */
  readonly config: Loaded
}

/** The same for any environment, as tests need it. */
export async function contextFor(common: OperationContext, root: boolean, environment: Environment): Promise<VmmContext> {
  const config = await loadSettings(common.host, root, environment)
  const data = config.settings.dataDir.value
  return { ...common, root, config, paths: { data, run: join(data, 'sockets'), cache: join(data, 'cache') } }
}

/** Adds what `vmm` knows: its settings, where its data lies and what it may do. */
export function makeContext(common: OperationContext): Promise<VmmContext> {
  return contextFor(common, process.getuid?.() === 0, process.env)
}
