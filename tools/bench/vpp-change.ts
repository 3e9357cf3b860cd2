/** A change of one line beside a whole configuration, over a fake VPP: messages, and CPU time of the driver and its client. */
import { rm } from 'node:fs/promises'
import type { MadeVpp } from '../../packages/imp/src/dataplane/vpp/desired.ts'
import { compareOwnCpu, openDirectory, type Ratio } from './measure.ts'
import { startFakeProcess, type FakeProcess } from './vpp-fake.ts'
import { applyVpp, links, sizes, vppRouter } from './vpp-router.ts'

const [without, withAddress] = [vppRouter('vpp', false), vppRouter('vpp', true)]
// Routes are not among it: VPP takes them from Linux, where FRR puts them.
const names = { name: `apply on VPP, one address more of ${sizes.interfaces}`, all: 'all of it' }

async function countMessages({ place, ask }: FakeProcess): Promise<Ratio[]> {
  await ask('forget')
  const { made } = await applyVpp(place, without)
  const whole = await ask('count')
  await applyVpp(place, withAddress, made)
  const change = await ask('count')
  const row = (what: string, of: 'changes' | 'all'): Ratio => ({
    what: `${names.name}: ${what}`,
    than: names.all,
    ours: change[of],
    theirs: whole[of],
    unit: 'messages',
    runs: 1,
  })
  return [row('that change something', 'changes'), row('with those that look', 'all')]
}

async function timeBoth({ place, ask }: FakeProcess): Promise<Ratio> {
  const empty = async (): Promise<void> => void (await ask('forget'))
  let made: MadeVpp | undefined
  const prepared = async (): Promise<void> => {
    await empty()
    made = (await applyVpp(place, without)).made
  }
  return compareOwnCpu(
    { name: names.name, before: prepared, work: async () => void (await applyVpp(place, withAddress, made)) },
    { name: names.all, before: empty, work: async () => void (await applyVpp(place, withAddress)) },
    3,
  )
}

export async function benchmarkVppChange(): Promise<Ratio[]> {
  const directory = await openDirectory()
  const fake = await startFakeProcess(directory, links)
  try {
    return [...(await countMessages(fake)), await timeBoth(fake)]
  } finally {
    await fake.end()
    await rm(directory, { recursive: true, force: true })
  }
}
