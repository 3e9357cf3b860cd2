/** Programs that vmm calls: which are here, and which package brings those that are not. */
import { packageOf } from '@imp/kit/host/packages.ts'
import { ok, told, type Diagnosis } from './model.ts'

interface Need {
  readonly programs: readonly string[]
  readonly what: string
  /** What is asked of people without root. */
  readonly rootOnly?: boolean
}

const needs: readonly Need[] = [
  { programs: ['mke2fs', 'resize2fs', 'ssh', 'ssh-keygen'], what: 'starting and reaching machines' },
  { programs: ['ip', 'nft', 'sysctl', 'bridge'], what: 'the bridge of machines', rootOnly: true },
  { programs: ['mmdebstrap', 'sqfstar', 'unsquashfs'], what: 'building images' },
  { programs: ['apt-get', 'dpkg-deb', 'depmod', 'cpio', 'lz4', 'xz'], what: 'fetching kernels' },
]

/** Whether a program is where programs that we start are looked for. */
export type IsInstalled = (program: string) => Promise<boolean>

async function look(isInstalled: IsInstalled, { programs, what }: Need): Promise<Diagnosis> {
  const there = await Promise.all(programs.map(isInstalled))
  const missing = programs.filter((_, index) => there[index] !== true)
  if (missing.length === 0) return ok(what, programs.join(', '))
  const packages = [...new Set(missing.map((program) => packageOf(program) ?? program))]
  return told(what, 'problem', `${missing.join(', ')} missing`, `apt-get install ${packages.join(' ')}`)
}

export function lookAtPrograms(isInstalled: IsInstalled, root: boolean): Promise<Diagnosis[]> {
  return Promise.all(needs.filter(({ rootOnly }) => root || rootOnly !== true).map((need) => look(isInstalled, need)))
}
