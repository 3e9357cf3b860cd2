/** A plan for a change of one line of a large router on VPP, in CPU time, beside the same on Linux. */
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { serialize } from 'node:v8'
import { RouterConfig, type RouterConfigInput } from '../../packages/imp/src/config/model.ts'
import { formatConfiguration } from '../../packages/imp/src/frr/parse.ts'
import { bundleScript } from '../build/bundle.ts'
import { compareCpu, openDirectory, type Ratio } from './measure.ts'
import type { Recording } from './plan-large.ts'
import { planOnce } from './plan-once.ts'
import { recordedState } from './recorded.ts'
import { startFakeProcess } from './vpp-fake.ts'
import { applyVpp, links, sizes, vppRouter, type Applied } from './vpp-router.ts'

/** CPU milliseconds that a plan of this size may take. */
const longestPlan = 1000

/** What a fake VPP shows that has all of it. */
async function appliedOnFake(directory: string, document: RouterConfigInput): Promise<Applied> {
  const fake = await startFakeProcess(directory, links)
  try {
    return await applyVpp(fake.place, document)
  } finally {
    await fake.end()
  }
}

/** Writes the changed document, and what the router shows before the change. */
async function record(directory: string, dataplane: 'linux' | 'vpp'): Promise<void> {
  await mkdir(directory)
  const document = vppRouter(dataplane, false)
  const applied = dataplane === 'vpp' ? await appliedOnFake(directory, document) : undefined
  const { observed, made } = recordedState(RouterConfig.parse(document))
  const recording: Recording = {
    linux: observed.linux,
    vpp: applied?.observed,
    made: { ...made, ...(applied === undefined ? {} : { vpp: applied.made }) },
    frr: new Map([...observed.frr].map(([daemon, { configuration }]) => [daemon, formatConfiguration(configuration)])),
  }
  await writeFile(join(directory, 'recording'), serialize(recording))
  await writeFile(join(directory, 'router.json'), JSON.stringify(vppRouter(dataplane, true), null, 2))
}

export async function benchmarkVppPlan(): Promise<Ratio[]> {
  const directory = await openDirectory()
  const bundle = join(directory, 'plan-large.mjs')
  const side = (dataplane: 'linux' | 'vpp', name: string) => ({
    name,
    work: () => planOnce(`plan on ${dataplane}`, [process.execPath, bundle, join(directory, dataplane)]),
  })
  try {
    await bundleScript(join(import.meta.dirname, 'plan-large.ts'), bundle)
    for (const dataplane of ['linux', 'vpp'] as const) await record(join(directory, dataplane), dataplane)
    const beside = await compareCpu(
      side('vpp', `plan on VPP of ${sizes.interfaces}, ${sizes.routes}`),
      side('linux', 'the same on Linux'),
      5,
    )
    return [beside, { ...beside, than: 'the second of CPU that it may take, start included', theirs: longestPlan }]
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}
