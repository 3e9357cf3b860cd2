/** Messages per second through the client, sent at once and one at a time: to the fake, and to a real VPP where there is one. */
import { rm } from 'node:fs/promises'
import { localHost } from '@imp/kit/host/local.ts'
import { openVpp, type VppClient } from '../../packages/imp/src/dataplane/vpp/api/client.ts'
import { numberAt } from '../../packages/imp/src/dataplane/vpp/api/fields.ts'
import { compare, openDirectory, type Ratio } from './measure.ts'
import { startFakeProcess } from './vpp-fake.ts'
import { startRealVpp, vppObstacle } from './vpp-real.ts'

const messages = 2000
const runs = 5

async function rates(client: VppClient, which: string): Promise<Ratio> {
  const loopback = numberAt(await client.call('create_loopback_instance', { is_specified: true, user_instance: 0 }), 'sw_if_index')
  const change = (number: number): Promise<unknown> =>
    client.call('sw_interface_set_mtu', { sw_if_index: loopback, mtu: [1280 + (number % 2), 0, 0, 0] })
  const times = await compare(
    {
      name: `client of ${which}, ${messages} messages at once`,
      work: async () => void (await Promise.all(Array.from({ length: messages }, (_, number) => change(number)))),
    },
    {
      name: 'one at a time',
      work: async () => {
        for (let number = 0; number < messages; number += 1) await change(number)
      },
    },
    runs,
  )
  const rate = (milliseconds: number): number => (1000 * messages) / milliseconds
  return { ...times, ours: rate(times.ours), theirs: rate(times.theirs), unit: 'messages/s' }
}

async function ratesAt(socket: string, which: string): Promise<Ratio> {
  const client = await openVpp(localHost(), { name: 'core', socket })
  try {
    return await rates(client, which)
  } finally {
    client.close()
  }
}

async function ofFake(): Promise<Ratio> {
  const directory = await openDirectory()
  const fake = await startFakeProcess(directory, [])
  try {
    return await ratesAt(fake.socket, 'the fake VPP')
  } finally {
    await fake.end()
    await rm(directory, { recursive: true, force: true })
  }
}

async function ofReal(): Promise<Ratio[]> {
  const obstacle = await vppObstacle()
  if (obstacle !== undefined) {
    console.error(`bench: vpp: messages to a real VPP skipped, ${obstacle}`)
    return []
  }
  const vpp = await startRealVpp()
  try {
    return [await ratesAt(vpp.socket, 'a real VPP')]
  } finally {
    await vpp.end()
  }
}

export async function benchmarkVppMessages(): Promise<Ratio[]> {
  return [await ofFake(), ...(await ofReal())]
}
