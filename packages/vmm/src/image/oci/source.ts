/** Where an image comes from: a registry, an OCI directory, an archive of Docker's, or a plain tar archive. All give layers in the end. */
import type { Layer } from './layer.ts'
import type { ImageConfig } from './manifest.ts'

/** An image before it is made into a file system. */
export interface Source {
  /** As people write it: `debian:12`, `oci:./image`, `root.tar`. */
  readonly name: string
  /** Digest of the manifest or configuration, where there is one: says what came, whatever the name means tomorrow. */
  readonly digest?: string
  /** Undefined for a plain archive. */
  readonly config?: ImageConfig
  /** From the bottom to the top. */
  readonly layers: readonly Layer[]
}
