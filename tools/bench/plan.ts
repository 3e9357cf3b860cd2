/** A plan for a change of one line of a large router, in CPU time, beside what FRR's own tool takes for the same texts. */
import { access, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { serialize } from 'node:v8'
import { RouterConfig } from '../../packages/imp/src/config/model.ts'
import { formatConfiguration } from '../../packages/imp/src/frr/parse.ts'
import { renderRouter } from '../../packages/imp/src/pipeline/render.ts'
import { bundleScript } from '../build/bundle.ts'
import { large, largeRouter } from './large.ts'
import { compareCpu, openDirectory, run, type Ratio } from './measure.ts'
import { planOnce } from './plan-once.ts'
import type { Recording } from './plan-large.ts'
import { recordedState } from './recorded.ts'

const reload = '/usr/lib/frr/frr-reload.py'

/** Writes the changed document, what the router shows before the change, and both FRR configurations. */
async function record(directory: string): Promise<void> {
  const document = largeRouter(large)
  const before = RouterConfig.parse(document)
  const after = { ...document, routes: [...(document.routes ?? []), { prefix: '192.0.2.0/24', blackhole: true as const }] }
  const { observed, made } = recordedState(before)
  const frr = new Map([...observed.frr].map(([daemon, { configuration }]) => [daemon, formatConfiguration(configuration)]))
  const recording: Recording = { linux: observed.linux, vpp: undefined, made, frr }
  const write = (name: string, content: string | Buffer): Promise<void> => writeFile(join(directory, name), content)
  await Promise.all([
    write('recording', serialize(recording)),
    write('router.json', JSON.stringify(after, null, 2)),
    write('before.conf', renderRouter(before).frr.text),
    write('after.conf', renderRouter(RouterConfig.parse(after)).frr.text),
  ])
}

export async function benchmarkPlan(): Promise<Ratio[]> {
  try {
    await access(reload)
  } catch {
    console.error(`bench: plan: skipped, needs ${reload} (apt-get install frr-pythontools)`)
    return []
  }
  const directory = await openDirectory()
  const [source, bundle] = [join(import.meta.dirname, 'plan-large.ts'), join(directory, 'plan-large.mjs')]
  const [before, after] = ['before.conf', 'after.conf'].map((name) => join(directory, name)) as [string, string]
  const theirs = {
    name: 'frr-reload.py --test, FRR alone',
    work: async () => void (await run([reload, '--test', '--stdout', '--input', before, after])),
  }
  const size = `${large.interfaces} interfaces, ${large.routes} routes, ${large.peers} peers`
  try {
    await Promise.all([record(directory), bundleScript(source, bundle)])
    const sides = [
      { name: `plan of ${size}`, work: () => planOnce('bundle', [process.execPath, bundle, directory]) },
      { name: 'the same from sources', work: () => planOnce('sources', [process.execPath, source, directory]) },
    ]
    const ratios: Ratio[] = []
    for (const side of sides) ratios.push(await compareCpu(side, theirs, 5))
    return ratios
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}
