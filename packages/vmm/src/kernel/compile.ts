/** Builds a kernel from a source tree, beside the tree and never in it. Made twice, it goes on where it was. */
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { reported } from '@imp/kit/base/events.ts'
import { asFault, Fault } from '@imp/kit/base/fault.ts'
import type { Argv } from '@imp/kit/host/host.ts'
import type { VmmContext } from '../context.ts'
import type { Architecture } from './model.ts'
import { configurationFragment, droppedOptions, missingOptions, parseConfiguration } from './options.ts'

/** On two slow cores. */
const buildTimeout = 4 * 3_600_000

/** What `make` makes, and what machines boot of it. */
const targets: Readonly<Record<Architecture, { readonly target: string; readonly file: string }>> = {
  amd64: { target: 'vmlinux', file: 'vmlinux' },
  arm64: { target: 'Image', file: 'arch/arm64/boot/Image' },
}

/** Documentation/process/changes.rst of Linux, as far as our configuration needs them. */
const programs = { make: 'make', gcc: 'gcc', ld: 'binutils', flex: 'flex', bison: 'bison', bc: 'bc', perl: 'perl' } as const

/** Refuses to begin what cannot be finished. */
export async function requireCompiler(isInstalled: (program: string) => Promise<boolean>): Promise<void> {
  const found = await Promise.all(Object.keys(programs).map(async (program) => ({ program, present: await isInstalled(program) })))
  const absent = found.filter(({ present }) => !present).map(({ program }) => program)
  if (absent.length === 0) return
  const packages = Object.entries(programs).filter(([program]) => absent.includes(program))
  throw new Fault('missing-program', `a kernel cannot be built without ${absent.join(', ')}`, {
    hint: `apt-get install ${packages.map(([, name]) => name).join(' ')} libelf-dev libssl-dev`,
  })
}

/** `6.1.192` of the tree, by its own word. */
export async function versionOf({ host, signal }: VmmContext, tree: string): Promise<string> {
  const { stdout } = await host.query(['make', '--silent', `--directory=${tree}`, 'kernelversion'], { signal, timeout: 120_000 })
  const version = stdout.trim()
  if (!/^\d+\.\d+(\.\d+)?[0-9A-Za-z.+-]*$/.test(version)) throw new Fault('input', `${tree} does not say its version`, { detail: stdout })
  return version
}

/** Whether `version` is the wanted one, or one of its series: 6.1.192 is a 6.1. */
export function isVersion(version: string, wanted: string): boolean {
  return version === wanted || version.startsWith(`${wanted}.`) || version.startsWith(`${wanted}-`)
}

/** Makes the configuration: ours, the source's own defaults for what belongs to it, nothing else. */
async function configure(context: VmmContext, make: Argv, output: string, architecture: Architecture): Promise<void> {
  const { host, signal, report } = context
  const fragment = join(output, 'vmm.config')
  await host.files.write(fragment, configurationFragment(architecture))
  const env = { KCONFIG_ALLCONFIG: fragment }
  // Not again over a build that was interrupted: a new time of the configuration is a reason for make to build everything anew.
  if ((await host.files.stat(join(output, '.config'))) === undefined)
    await host.run([...make, 'allnoconfig'], { env, signal, timeout: 600_000 })
  const configuration = parseConfiguration(await host.files.read(join(output, '.config')))
  const missing = missingOptions(configuration, architecture, false)
  if (missing.length > 0)
    throw new Fault(
      'unsupported',
      `this source cannot be configured for machines: it drops ${missing.map((name) => `CONFIG_${name}`).join(', ')}`,
    )
  const dropped = droppedOptions(configuration)
  if (dropped.length > 0) report({ event: 'log', level: 'info', text: `options that this version does not have: ${dropped.join(', ')}` })
}

/** Lines of make such as `  CC      kernel/fork.o`. */
const unitOfWork = /^ {2}[A-Z][A-Z0-9_.]+ /

async function compile({ host, report, signal }: VmmContext, make: Argv, target: string): Promise<void> {
  let done = 0
  await host.run(['nice', ...make, `--jobs=${availableParallelism()}`, target], {
    signal,
    timeout: buildTimeout,
    onLine: (line) => {
      if (!unitOfWork.test(line)) return
      done += 1
      if (done % 25 === 0) report({ event: 'progress', title: 'compile the kernel', done, unit: 'items' })
    },
  })
}

/** The first words of a compiler's complaint, which are lost among those of the jobs beside it. */
function explain(error: unknown): Fault {
  const fault = asFault(error)
  const words = (fault.detail ?? '').split('\n')
  const cause = words.filter((line) => /error:|Error \d|\*\*\*|No such file|not found/i.test(line)).slice(0, 10)
  const hint = /gelf\.h|libelf/.test(fault.detail ?? '') ? 'apt-get install libelf-dev' : 'the same command goes on from here'
  return new Fault(fault.code, fault.message, { hint, detail: cause.length > 0 ? cause.join('\n') : fault.detail, cause: error })
}

export interface Compiled {
  /** The kernel that machines boot. */
  readonly file: string
}

/** Configures and builds `tree` in the directory `output`. */
export async function compileKernel(context: VmmContext, tree: string, output: string, architecture: Architecture): Promise<Compiled> {
  const { report, host } = context
  await host.files.makeDirectory(output)
  const make: Argv = ['make', `--directory=${tree}`, `O=${output}`]
  const { target, file } = targets[architecture]
  try {
    await reported(report, 'configure the kernel', () => configure(context, make, output, architecture))
    await reported(report, 'compile the kernel', () => compile(context, make, target))
  } catch (error) {
    context.signal.throwIfAborted()
    throw explain(error)
  }
  return { file: join(output, file) }
}
