/**
 * The same conversation by way of the program vtysh, for machines whose unix sockets cannot be reached from here (a guest whose ssh
 * server forwards none). A tenth of a second per question where a socket takes a millisecond.
 */
import { Fault } from '@imp/kit/base/fault.ts'
import type { Argv, Host } from '@imp/kit/host/host.ts'
import type { FrrPlace } from './daemons.ts'
import type { FrrDaemon } from './daemon.ts'
import type { Refused, Session } from './conversation.ts'

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
    async configure(commands, confidential = false) {
      if (confidential) return typed(host, program, commands)
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

/** A prompt with what was typed behind it: `edge(config-router)# neighbor 192.0.2.2 activate`. */
const prompt = /^\S+?(\(config[^)]*\))?# (?=\S)/

/** What vtysh says for itself, and what it passes on from a daemon that it cannot reach. */
const complaints = /^(?:% (.*)|.*(Failure to communicate.*))$/

/** Types the commands on standard input, where only vtysh sees them; slower than a file, and vtysh goes on after an error. */
async function typed(host: Host, program: Argv, commands: readonly string[]): Promise<Refused | undefined> {
  const ran = await host.run(program, { timeout, input: `configure terminal\n${commands.join('\n')}\nend\n`, statuses: [0, 1, 2] })
  return firstTypedRefused(ran.stdout)
}

/** The first command that a session of vtysh complains about, from what it shows. */
export function firstTypedRefused(shown: string): Refused | undefined {
  const lines = shown.split('\n')
  const bad = lines.findIndex((line) => complaints.test(line))
  if (bad < 0) return undefined
  const [, said, gone] = complaints.exec(lines[bad] ?? '') ?? []
  const status = (said ?? gone ?? 'refused').split(':')[0] ?? 'refused'
  // The first prompt is that of `configure terminal`.
  const at = Math.max(0, lines.slice(0, bad).filter((line) => prompt.test(line)).length - 2)
  return { at, status, text: lines[bad] ?? '', ...(gone === undefined ? {} : { lost: true }) }
}
