/** What every operation of `vmm` receives. */
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
