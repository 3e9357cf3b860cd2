/** Runs what `exec` lists for a node: commands to their end, background programs as long as the lab lives. */
import { asFault, Fault } from '@imp/kit/base/fault.ts'
import { commandLine } from '@imp/kit/host/exec.ts'
import type { Argv } from '@imp/kit/host/host.ts'
import { findUnit, startUnit, unitFiles } from '@imp/kit/host/supervise.ts'
import { isAlive } from '@imp/kit/host/process.ts'
import type { Command, NodeDefinition } from './definition.ts'
import type { Place } from './parts.ts'
import type { LabRun } from './run.ts'

/** Milliseconds that one command may take. */
const patience = 60_000

function unitName(index: number): string {
  return `program-${index}`
}

/** The words with `{directory}` replaced by the node's own directory. */
export function fillIn(words: Command['words'], directory: string): Argv {
  const [program, ...rest] = words.map((word) => word.replaceAll('{directory}', directory))
  return [program ?? '', ...rest]
}

async function startHere(run: LabRun, node: NodeDefinition, argv: Argv, index: number, namespace: string): Promise<void> {
  const { host } = run.context
  const directory = run.paths.nodeDirectory(node.name)
  const { log } = unitFiles(directory, unitName(index))
  await host.files.remove(log)
  // Programs are started in / : relative paths in a topology mean its own directory.
  const inDirectory: Argv = ['env', `--chdir=${node.directory}`, ...argv]
  const unit = await startUnit(host, { name: unitName(index), directory, namespace, argv: inDirectory })
  if (await isAlive(unit)) return
  throw new Fault('exec', `${argv[0]} ended at once`, { detail: await host.files.read(log) })
}

/** dpkg's start-stop-daemon is in every Debian, also in those without systemd. It looks for no program on the PATH: env does. */
async function startThere(place: Place, argv: Argv, index: number): Promise<void> {
  const name = `/run/imp-${unitName(index)}`
  const options = ['--background', '--make-pidfile', '--pidfile', `${name}.pid`, '--output', `${name}.log`]
  await place.host.run(['start-stop-daemon', '--start', ...options, '--startas', '/usr/bin/env', '--', ...argv])
}

async function runOne(run: LabRun, node: NodeDefinition, place: Place, command: Command, index: number): Promise<void> {
  const argv = fillIn(command.words, place.namespace === undefined ? '/run' : run.paths.nodeDirectory(node.name))
  if (!command.background) {
    const { signal } = run.context
    await place.host.run(argv, { timeout: patience, signal, ...(place.namespace === undefined ? {} : { cwd: node.directory }) })
  } else if (place.namespace === undefined) await startThere(place, argv, index)
  else await startHere(run, node, argv, index, place.namespace)
}

/** Runs all commands of a node in their order; the fault of the first that fails names node and command. */
export async function runCommands(run: LabRun, node: NodeDefinition, place: Place): Promise<void> {
  for (const [index, command] of node.exec.entries()) {
    try {
      await runOne(run, node, place, command, index)
    } catch (error) {
      const fault = asFault(error)
      const detail = [fault.detail ?? commandLine(command.words), fault.detail === undefined ? fault.message : undefined]
      throw new Fault(fault.code, `node ${node.name}: exec[${index}] failed: ${fault.message}`, {
        detail: detail.filter((line) => line !== undefined).join('\n'),
        hint: fault.hint,
        cause: error,
      })
    }
  }
}

/** Whether all background programs of a namespace node live. */
export async function programsLive(run: LabRun, node: NodeDefinition): Promise<boolean> {
  const directory = run.paths.nodeDirectory(node.name)
  const units = node.exec.flatMap((command, index) => (command.background ? [findUnit(run.context.host, directory, unitName(index))] : []))
  return (await Promise.all(units)).every((unit) => unit !== undefined)
}
