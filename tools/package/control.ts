/** The control files of a binary package (Debian Policy 5 and deb-md5sums(5)). */
import { createHash } from 'node:crypto'
import { lstatSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { needsOf, type Made } from './contents.ts'
import { entriesOf, type PackageFile } from './tree.ts'

function control({ version, architecture }: Made, bytes: number): string {
  const { depends, recommends } = needsOf(architecture)
  return `Package: imp
Version: ${version}
Architecture: ${architecture}
Maintainer: IMP <imp@localhost>
Installed-Size: ${Math.ceil(bytes / 1024)}
Depends: ${depends.join(', ')}
Recommends: ${recommends.join(', ')}
Section: net
Priority: optional
Description: router appliance and microVM manager
 imp turns a Debian machine into a router: one router.json becomes addresses,
 VLANs, BGP and OSPF by FRR, router advertisements and deterministic NAT.
 Every change is a plan that is shown, journalled, verified, and undone when
 it fails.
 .
 vmm runs microVMs on Firecracker or QEMU from images that it builds of
 Debian packages.
`
}

function checksums(tree: string): string {
  const files = entriesOf(tree).filter((path) => lstatSync(join(tree, path)).isFile())
  const lines = files.map(
    (path) =>
      `${createHash('md5')
        .update(readFileSync(join(tree, path)))
        .digest('hex')}  ${path}\n`,
  )
  return lines.join('')
}

/** What goes into DEBIAN/ beside a finished tree of this many bytes. */
export function controlFiles(tree: string, made: Made, bytes: number): PackageFile[] {
  return [
    { path: 'DEBIAN/md5sums', content: checksums(tree) },
    { path: 'DEBIAN/control', content: control(made, bytes) },
  ]
}
