import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { ObservedInstance } from '../dataplane/vpp/live/observe.ts'
import type { ObservedVpp } from '../dataplane/vpp/driver.ts'
import { refuseOtherDataplane } from './other-dataplane.ts'

const appliance = { appliance: true }
const linux = { dataplane: 'linux' } as const
const vpp = { dataplane: 'vpp' } as const

/** VPP as it is seen, with a core process or without. */
function seen(core: Partial<ObservedInstance> | undefined): { vpp: ObservedVpp } {
  return { vpp: { core: core as ObservedInstance | undefined, beside: {}, links: [], outside: [] } }
}
const runs = seen({ netns: 'dataplane' })
const ended = seen(undefined)

suite('another dataplane', () => {
  test('is refused while the present one forwards', () => {
    assert.throws(() => refuseOtherDataplane(appliance, vpp, linux, runs), /forwards by vpp changes to linux by a reboot only/)
    assert.throws(() => refuseOtherDataplane(appliance, linux, vpp, ended), /forwards by linux changes to vpp by a reboot only/)
  })

  test('is taken when the machine has booted with it', () => {
    refuseOtherDataplane(appliance, linux, vpp, runs)
    refuseOtherDataplane(appliance, vpp, linux, ended)
    refuseOtherDataplane(appliance, vpp, linux, {})
  })

  test('is nobody’s business on the first apply, without a change, and where no units are', () => {
    refuseOtherDataplane(appliance, undefined, vpp, ended)
    refuseOtherDataplane(appliance, vpp, vpp, ended)
    refuseOtherDataplane({}, vpp, linux, runs)
  })
})
