/** A start of a machine, killed at each of its steps. */
import { after, before, describe, it } from 'node:test'
import { killedStart, obstacle, openMachines, type Machines } from '../real/vmm-machine-fixture.ts'

const points = [
  /^make the keys/,
  /^make the writable layer/,
  /^write the identity/,
  /^put vmm-/,
  /^run /,
  /^wait for the guest/,
  /^wait for ssh/,
]

describe('a start that is killed', { skip: obstacle() ?? false, concurrency: false }, () => {
  let machines: Machines
  before(async () => {
    machines = await openMachines()
  })
  after(() => machines.close())

  for (const point of points) {
    it(`at "${point.source}" is mended by the next start`, () => killedStart(machines, point, true))
    it(`at "${point.source}" leaves nothing after a stop`, () => killedStart(machines, point, false))
  }
})
