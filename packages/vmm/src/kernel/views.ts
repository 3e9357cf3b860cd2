/** Kernels as people see them. */
import { count, table } from '@imp/kit/base/text.ts'
import { formatBytes } from '@imp/kit/base/units.ts'
import type { Kernel } from './model.ts'

function describe(source: Kernel['source']): string {
  if (source.kind === 'build') return `built from ${source.origin}`
  return source.kind === 'package' ? `${source.package} ${source.version}` : source.path
}

/** The same for a line of 80 characters. */
function describeShort(source: Kernel['source']): string {
  return source.kind === 'build' ? `build ${source.version}` : source.kind === 'package' ? `Debian ${source.version}` : 'file'
}

export function viewKernel(kernel: Kernel): string {
  const rows = [
    ['name', kernel.name],
    ['release', kernel.release ?? 'unknown'],
    ['architecture', kernel.architecture],
    ['source', describe(kernel.source)],
    ['size', formatBytes(kernel.size)],
    ['modules', kernel.modules ? 'on a disk of their own' : 'none'],
    ['digest', `sha256:${kernel.digest}`],
    ['created', kernel.created],
  ]
  return table(rows).join('\n')
}

export function viewKernels(kernels: readonly Kernel[]): string {
  if (kernels.length === 0) return 'No kernels yet: vmm kernel pull fetches the default one, and so does the first start of a machine.'
  const rows = kernels.map(({ name, release, architecture, size, source }) => [
    name,
    release ?? '-',
    architecture,
    formatBytes(size),
    describeShort(source),
  ])
  return table([['NAME', 'RELEASE', 'ARCHITECTURE', 'SIZE', 'SOURCE'], ...rows]).join('\n')
}

export function viewRemoved({ removed, bytes }: { readonly removed: readonly unknown[]; readonly bytes: number }): string {
  return removed.length === 0 ? 'Nothing to take away.' : `Took away ${count(removed.length, 'thing')}, ${formatBytes(bytes)}.`
}
