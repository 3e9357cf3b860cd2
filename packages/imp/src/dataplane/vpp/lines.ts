/**
 * A process that is told by lines of its command line, as the template of a module gives them. What it has is told by the mark at the
 * end of its lines: with another mark, or with anything and no mark, it starts anew before it is told. So a kill at any line is mended
 * by the next look.
 */
import { z } from 'zod'
import { Fault } from '@imp/kit/base/fault.ts'
import { stepKind } from '@imp/kit/plan/step.ts'
import { InstanceName, type VppInstance } from '../../appliance/model.ts'
import type { DataplanePlace } from '../dataplane.ts'
import type { VppClient } from './api/client.ts'
import { textAt } from './api/fields.ts'
import { lineMark, markedLines } from './boot/exec-beside.ts'
import { sendLine } from './boot/exec-load.ts'
import { connectIfThere, connectSoon, restartCommand } from './place.ts'

/** Milliseconds for a unit to be active again: its process starts, and is told its lines by the unit itself. */
const restartTimeout = 180_000

/** What a process that was told by lines has. */
export type Told = 'all' | 'nothing' | 'something else'

const LinesData = z.strictObject({
  instance: InstanceName,
  /** Without the mark. */
  lines: z.array(z.string()),
  /** Place in the configuration, for what is said when VPP refuses. */
  path: z.string(),
})
type LinesData = z.output<typeof LinesData>

/** `names` are those of all interfaces of the process. */
export function toldBy(names: readonly string[], lines: readonly string[]): Told {
  const own = names.filter((name) => name !== 'local0')
  if (own.includes(lineMark(lines))) return 'all'
  return own.length === 0 ? 'nothing' : 'something else'
}

async function look(client: VppClient, lines: readonly string[]): Promise<Told> {
  const rows = await client.dump('sw_interface_dump')
  return toldBy(
    rows.map((row) => textAt(row, 'interface_name')),
    lines,
  )
}

/** A process that has either all of the lines or nothing: one that has anything else starts anew. */
async function ready(place: DataplanePlace, { instance, lines }: LinesData): Promise<{ client: VppClient; told: Told }> {
  const there = await connectIfThere(place, instance)
  if (there !== undefined) {
    const told = await look(there, lines).catch((error: unknown) => {
      there.close()
      throw error
    })
    if (told !== 'something else') return { client: there, told }
    there.close()
  }
  await place.machine.run(restartCommand(place, instance), { timeout: restartTimeout })
  const client = await connectSoon(place, instance)
  return { client, told: await look(client, lines) }
}

function refused(instance: VppInstance, path: string, error: Fault): Fault {
  const why = error.detail === undefined ? error.message : `${error.message}: ${error.detail}`
  return new Fault(error.code, `VPP (${instance}) was not told what it shall do: ${why}`, {
    hint: `look at ${path}: imp modules render shows all lines`,
    findings: [{ path, severity: 'error', message: why }],
    cause: error,
  })
}

async function tell(place: DataplanePlace, data: LinesData): Promise<void> {
  const { client, told } = await ready(place, data)
  try {
    if (told === 'all') return
    if (told === 'something else') throw new Fault('state', `VPP (${data.instance}) started anew with something else than it shall have`)
    for (const [index, line] of markedLines(data.lines).entries()) await sendLine(client, line, index + 1)
  } catch (error) {
    throw error instanceof Fault && error.code !== 'bug' ? refused(data.instance, data.path, error) : error
  } finally {
    client.close()
  }
}

/** The kind of the step, bound to a place. */
export function linesKind(place: DataplanePlace) {
  return stepKind({
    kind: 'vpp-lines',
    schema: LinesData,
    do: (_host, data) => tell(place, data),
    // What the process had comes back with its files and its unit, whose own steps undo them, and with the next look.
    undo: () => Promise.resolve(),
  })
}
