/** Forwards of a running guest's user-mode network: its monitor for people has words for them, QMP itself has none. */
import { Fault } from '@imp/kit/base/fault.ts'
import type { Host } from '@imp/kit/host/host.ts'
import type { Forward, MachineFiles } from '../model.ts'
import { socketPath } from '../unit.ts'
import { hostForward, hostSide } from './argv.ts'
import { withQmp, type QmpClient } from './qmp.ts'

/** The user-mode network is always the first device (vm/prepare.ts). */
const backend = 'net0'

/** What the monitor prints for the person; nothing, in general, when all is well. */
async function say(qmp: QmpClient, line: string): Promise<string> {
  const answer = await qmp.execute('human-monitor-command', { 'command-line': line })
  return typeof answer === 'string' ? answer.trim() : ''
}

/** Takes forwards away and adds others; one that is there already is made anew. An `exec` fault with QEMU's words. */
export async function changeForwards(
  host: Host,
  machine: MachineFiles,
  { remove, add }: { readonly remove: readonly Forward[]; readonly add: readonly Forward[] },
): Promise<void> {
  await withQmp(host, socketPath(machine, 'qmp'), async (qmp) => {
    // That one is not there is no failure: somebody did this before.
    for (const forward of [...remove, ...add]) await say(qmp, `hostfwd_remove ${backend} ${hostSide(forward)}`)
    for (const forward of add) {
      const words = await say(qmp, `hostfwd_add ${backend} ${hostForward(forward)}`)
      if (words !== '') {
        throw new Fault('conflict', `${machine.name}: QEMU cannot forward ${hostSide(forward)}`, {
          detail: words,
          hint: 'choose another port',
        })
      }
    }
  })
}
