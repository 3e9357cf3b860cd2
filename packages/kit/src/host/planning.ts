/** A host that looks and does not touch: any change through it is a bug of the caller. */
import { Fault } from '../base/fault.ts'
import { commandLine } from './exec.ts'
import type { Host } from './host.ts'

function refuse(what: string): Promise<never> {
  return Promise.reject(new Fault('bug', `a dry run must not change anything: ${what}`))
}

/** The same machine, on which every change is refused. Sockets stay reachable: their protocols have no look-only half. */
export function planningHost(host: Host): Host {
  return {
    ...host,
    name: `${host.name} (planning)`,
    run: (argv) => refuse(commandLine(argv)),
    attach: (argv) => refuse(commandLine(argv)),
    pipe: (stages) => refuse(stages.map(commandLine).join(' | ')),
    files: {
      ...host.files,
      write: (path) => refuse(`write ${path}`),
      makeDirectory: (path) => refuse(`make ${path}`),
      remove: (path) => refuse(`remove ${path}`),
      rename: (path) => refuse(`rename ${path}`),
    },
  }
}
