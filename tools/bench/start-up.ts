/** How long a command takes before it does anything, beside the runtime itself. */
import { compare, imp, run, vmm, type Ratio } from './measure.ts'

export async function benchmarkStartUp(): Promise<Ratio[]> {
  const floor = { name: 'node -e 0', work: async () => void (await run([process.execPath, '-e', '0'])) }
  const commands = [
    [imp, '--version'],
    [imp, 'check', 'examples/demo/edge.router.json'],
    [vmm, 'list'],
  ]
  const ratios: Ratio[] = []
  for (const words of commands) ratios.push(await compare({ name: words.join(' '), work: async () => void (await run(words)) }, floor, 15))
  return ratios
}
