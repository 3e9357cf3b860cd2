/** How long a command takes before it does anything, beside the runtime itself: as bundle and from the sources. */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { bundleCommands } from '../build/bundle.ts'
import { compareCpu, openDirectory, run, type Ratio } from './measure.ts'

const commands = [
  ['imp', '--version'],
  ['imp', 'check', 'examples/demo/edge.router.json'],
  ['vmm', 'list'],
] as const

export async function benchmarkStartUp(): Promise<Ratio[]> {
  const directory = await openDirectory()
  const floor = { name: 'node -e 0', work: async () => void (await run([process.execPath, '-e', '0'])) }
  try {
    await bundleCommands(directory)
    const ratios: Ratio[] = []
    for (const [program, ...words] of commands) {
      const mains = { bundle: join(directory, `${program}.mjs`), sources: `packages/${program}/src/main.ts` }
      for (const [kind, main] of Object.entries(mains)) {
        const work = async (): Promise<void> =>
          void (await run([process.execPath, '--disable-warning=ExperimentalWarning', main, ...words]))
        ratios.push(await compareCpu({ name: `${[program, ...words].join(' ')} (${kind})`, work }, floor, 15))
      }
    }
    return ratios
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}
