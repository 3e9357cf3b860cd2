/** What other rooms do for kernels, as this room needs it. `ops.ts` puts it together. */
import type { Architecture } from './model.ts'

/** The modules of a kernel that go into its initrd. */
export interface Drivers {
  /** lib/modules/RELEASE. */
  readonly directory: string
  readonly release: string
  /** Files below the directory. */
  readonly paths: string[]
  /** modules.dep for these files alone. */
  readonly dependencies: string
}

/** A package of Debian as it was fetched. */
export interface Package {
  readonly name: string
  readonly version: string
}

/** Unpacks the newest version of a package into a directory, running none of its scripts. */
export type UnpackPackage = (name: string, directory: string) => Promise<Package>

export interface KernelParts {
  /** What kernels must be for. */
  architecture(): Promise<Architecture>
  /** Packages of the release that machines take their kernel from; `NAME*` is the package that the meta package NAME depends on. */
  readonly unpackPackage: UnpackPackage
  /** Packages of any release that has them: older ones have older sources. */
  readonly unpackSource: UnpackPackage
  /** Fetches what an address has into a directory, checked by its checksum; what broke off goes on. Returns its path. */
  download(url: string, sha256: string, directory: string): Promise<string>
  /** A short text at an address. */
  readText(url: string): Promise<string>
  /** Where releases of Linux itself are. */
  readonly kernelMirror: string
  /** The archive of these modules for an initrd. */
  packDrivers(drivers: Drivers): Promise<Uint8Array>
  isInstalled(program: string): Promise<boolean>
}
