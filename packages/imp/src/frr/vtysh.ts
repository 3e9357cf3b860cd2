/**
 * The same conversation by way of the program vtysh, for machines whose unix sockets cannot be reached from here (a guest whose ssh
 * server forwards none). A tenth of a second per question where a socket takes a millisecond.
 */
import { Fault } from '@imp/kit/base/fault.ts'
import type { Argv } from '@imp/kit/host/host.ts'
import type { FrrPlace } from './daemons.ts'
import type { FrrDaemon } from './render.ts'
import type { Refused, Session } from './session.ts'

const timeout = 120_000

/** `line 6: % Unknown command[17]: no ipv6 nd frobnicate`, `line 1: Failure to communicate[13] to bgpd, line: router bgp 1`. */
const complaint = /^line (\d+): (.*)$/m

function firstRefused(commands: readonly string[], output: string): Refused {
  const match = complaint.exec(output)
  const at = Number(match?.[1] ?? 1) - 1
  const status = match?.[2] ?? 'refused'
  const lost = status.startsWith('Failure to communicate') ? { lost: true } : {}
  return { at: Math.min(at, commands.length - 1), status, text: output.trim(), ...lost }
}

export function vtyshSession(place: FrrPlace, daemon: FrrDaemon): Session {
  const { machine, host, directory } = place
  const program: Argv = ['vtysh', '--vty_socket', directory, '--config_dir', directory, '-d', daemon]
  return {
    async ask(command) {
      const ran = await host.query([...program, '-c', command], { timeout, statuses: [0, 1] })
      if (ran.status !== 0) throw new Fault('exec', `${daemon} refused ${JSON.stringify(command)}`, { detail: ran.stdout.trim() })
      return ran.stdout
    },
    async configure(commands) {
      // vtysh reads only files, and marks the batch itself (FRR, vtysh/vtysh_config.c).
      const file = `${directory}/${daemon}.batch`
      await machine.files.write(file, `${commands.join('\n')}\n`, { mode: 0o600 })
      try {
        const ran = await host.run([...program, '-f', file], { timeout, statuses: [0, 1, 2] })
        return ran.status === 0 ? undefined : firstRefused(commands, `${ran.stderr}\n${ran.stdout}`)
      } finally {
        await machine.files.remove(file)
      }
    },
    close: () => undefined,
  }
}
