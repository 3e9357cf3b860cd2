/** `vmm list` with many machines beside one: machines that are only written down, and were never started. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { encode } from '@imp/kit/store/document.ts'
import { Vm, vmDocument } from '../../packages/vmm/src/vm/model.ts'
import { compareCpu, type Ratio } from './measure.ts'
import { withScratch, type Scratch } from './scratch.ts'

const many = 1000

function machine(index: number): Vm {
  const id = index.toString(16).padStart(8, '0')
  return Vm.parse({
    id,
    name: `bench${index}`,
    image: 'debian',
    cpus: 1,
    memory: 512,
    disk: 1024,
    diskMode: 'overlay',
    keys: [],
    dns: [],
    network: { kind: 'user', mac: `06:01:${id.match(/../g)?.join(':')}`, sshPort: 20_000 + index },
    defaultRoute: true,
    forwards: [],
    taps: [],
    machineId: id.padStart(32, '0'),
    created: '2026-01-01T00:00:00.000Z',
  })
}

async function writeMachines({ data }: Scratch, count: number): Promise<void> {
  await mkdir(join(data, 'vms'))
  for (let index = 0; index < count; index += 1) {
    const vm = machine(index)
    await writeFile(join(data, 'vms', `${vm.name}.json`), encode(vmDocument, vm))
  }
}

async function list(scratch: Scratch, count: number): Promise<void> {
  const { machines } = JSON.parse(await scratch.vmm('list', '--all', '--json')) as { machines: unknown[] }
  if (machines.length !== count) throw new Error(`vmm list shows ${machines.length} machines of ${count}`)
}

export async function benchmarkList(): Promise<Ratio[]> {
  return withScratch(async (large) =>
    withScratch(async (small) => {
      await writeMachines(large, many)
      await writeMachines(small, 1)
      return [
        await compareCpu(
          { name: `vmm list, ${many} machines`, work: () => list(large, many) },
          { name: 'vmm list, one machine', work: () => list(small, 1) },
          5,
        ),
      ]
    }),
  )
}
