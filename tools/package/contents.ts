/** What the package holds beside the bundles. */
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { completionScript } from '@imp/kit/surface/shells.ts'
import { manualOf } from '@imp/kit/surface/manual.ts'
import { routerJsonSchema } from '../../packages/imp/src/config/schema.ts'
import { registry as imp } from '../../packages/imp/src/registry.ts'
import { registry as vmm } from '../../packages/vmm/src/registry.ts'
import type { PackageFile } from './tree.ts'

export interface Made {
  readonly version: string
  readonly architecture: string
  /** Seconds since 1970. */
  readonly epoch: number
}

/** By the name of the command: the bundle, and the words that come before those of the person. */
const commands: Readonly<Record<string, readonly [bundle: string, ...words: string[]]>> = {
  imp: ['imp.mjs'],
  vmm: ['vmm.mjs'],
  'configure-router': ['imp.mjs', 'config', 'edit'],
}

/** A command finds its library from where it stands itself, so that the package also works unpacked into a directory. */
function launcher(bundle: string, words: readonly string[]): string {
  return `#!/bin/sh
self=$(readlink -f "$0")
library=\${self%/bin/*}
exec "$library/node" --disable-warning=ExperimentalWarning "$library/${[bundle, ...words].join('" "')}" "$@"
`
}

/** The commands and the Node.js of the dependencies, which is the one that runs us. */
export function programsOf(root: string): PackageFile[] {
  const there = Object.entries(commands).filter(([name]) => existsSync(join(root, 'bin', name)))
  return [
    { path: 'usr/lib/imp/node', copy: process.execPath, mode: 0o755 },
    ...there.flatMap(([name, [bundle, ...words]]): PackageFile[] => [
      { path: `usr/lib/imp/bin/${name}`, content: launcher(bundle, words), mode: 0o755 },
      { path: `usr/bin/${name}`, link: `../lib/imp/bin/${name}` },
    ]),
  ]
}

function compressed(path: string, text: string): PackageFile {
  return { path: `${path}.gz`, content: gzipSync(text, { level: 9 }) }
}

const readme = `IMP: imp turns this machine into a router from one router.json, vmm runs microVMs.

  imp --help, man imp        every command with examples
  vmm --help, man vmm
  imp schema                 the JSON Schema of router.json, for editors
                             (also /usr/share/doc/imp/router.schema.json)

The configuration and its history are in /persistent/config, machines and
images in /var/lib/vmm. Removing this package leaves them alone.
`

const copyright = `Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: imp-platform
Comment: The licences of Node.js and of the libraries in usr/lib/imp are below
 /usr/share/doc/imp/licences, each as it came with the library.

Files: *
Copyright: the authors of imp-platform
License: Apache-2.0
 On Debian systems the text is in /usr/share/common-licenses/Apache-2.0.
`

/** Licences whose texts every Debian has (base-files): a library that names one of them need not bring it. */
const commonLicences = ['Apache-2.0', 'MPL-2.0']

interface Library {
  readonly author?: string | { readonly name: string }
  readonly license?: string
}

/** What stands for the text of a library that brings none: the name of its licence and where its text is. */
function namedLicence(library: string): string {
  const { author, license } = JSON.parse(readFileSync(join(library, 'package.json'), 'utf8')) as Library
  if (license === undefined || !commonLicences.includes(license)) throw new Error(`${library} brings no licence`)
  const holder = typeof author === 'string' ? author : (author?.name ?? 'its authors')
  return `Copyright: ${holder}\nLicense: ${license}\n On Debian systems the text is in /usr/share/common-licenses/${license}.\n`
}

/** The licences of the libraries at these places. */
function licencesOf(libraries: readonly string[]): PackageFile[] {
  return libraries.map((library): PackageFile => {
    const name = readdirSync(library).find((each) => /^licen[cs]e/i.test(each))
    const place = library.slice(library.lastIndexOf('node_modules/') + 'node_modules/'.length)
    const path = `usr/share/doc/imp/licences/${place.replace(/\/$/, '').replaceAll('/', '-')}`
    return name === undefined ? { path, content: namedLicence(library) } : { path, copy: join(library, name) }
  })
}

function changelog({ version, epoch }: Made): string {
  const date = new Date(epoch * 1000).toUTCString().replace('GMT', '+0000')
  return `imp (${version}) unstable; urgency=medium\n\n  * See the history of the repository.\n\n -- IMP <imp@localhost>  ${date}\n`
}

/** Completions (where bash-completion, zsh and fish look in Debian), manual pages, README, copyright, changelog and schema. */
export async function documentationOf(made: Made, libraries: readonly string[]): Promise<PackageFile[]> {
  const manual = { version: made.version, date: new Date(made.epoch * 1000).toISOString().slice(0, 10) }
  const completions = ['imp', 'vmm'].flatMap((name): PackageFile[] => [
    { path: `usr/share/bash-completion/completions/${name}`, content: `${completionScript(name, 'bash')}\n` },
    { path: `usr/share/zsh/vendor-completions/_${name}`, content: `${completionScript(name, 'zsh')}\n` },
    { path: `usr/share/fish/vendor_completions.d/${name}.fish`, content: `${completionScript(name, 'fish')}\n` },
  ])
  return [
    ...completions,
    compressed('usr/share/man/man1/imp.1', await manualOf(imp, { ...manual, seeAlso: ['vmm(1)', 'vtysh(1)', 'nft(8)'] })),
    compressed('usr/share/man/man1/vmm.1', await manualOf(vmm, { ...manual, seeAlso: ['imp(1)', 'qemu-system(1)'] })),
    { path: 'usr/share/doc/imp/README', content: readme },
    { path: 'usr/share/doc/imp/copyright', content: copyright },
    { path: 'usr/share/doc/imp/router.schema.json', content: `${JSON.stringify(routerJsonSchema(), null, 2)}\n` },
    ...licencesOf([...libraries, dirname(dirname(process.execPath))]),
    compressed('usr/share/doc/imp/changelog', changelog(made)),
  ]
}

/** Debian packages that the commands call, by how much they are needed; `tools/setup` says what each is for. */
export function needsOf(architecture: string): { readonly depends: readonly string[]; readonly recommends: readonly string[] } {
  const setup = readFileSync(join(import.meta.dirname, '../setup'), 'utf8')
  const listed = [...(/^wanted="\n([^"]*)"/m.exec(setup)?.[1] ?? '').matchAll(/^([a-z0-9.+-]+) /gm)].map(([, name = '']) => name)
  const router = ['iproute2', 'nftables', 'frr', 'iputils-ping', 'procps', 'util-linux', 'conntrack', 'tcpdump']
  const testsOnly = ['bird2', 'cpio', 'tmux']
  const engine = architecture === 'arm64' ? 'qemu-system-arm' : 'qemu-system-x86'
  return {
    depends: ['libc6 (>= 2.28)', 'libgcc-s1', 'libstdc++6 (>= 11)', ...router],
    recommends: [...listed.filter((name) => !router.includes(name) && !testsOnly.includes(name)), engine],
  }
}
