/** The unit that starts and stops machines with this computer; pure. */
export const unitName = 'vmm.service'

/** A word of an Exec line: quoted, with what systemd would replace (systemd.service(5), COMMAND LINES). */
function execWord(word: string): string {
  const escaped = word.replaceAll('%', '%%').replaceAll('$', '$$$$')
  return /^[\w@%+=:,./$-]+$/.test(escaped) ? escaped : `"${escaped.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
}

export interface ServiceSettings {
  /** Words that call vmm. */
  readonly program: readonly string[]
  /** Data directory, which must be there. */
  readonly data: string
}

/** Text of the unit. Machines are no part of it: stopping is what `vmm autostop` does, and they survive its restart. */
export function renderUnit({ program, data }: ServiceSettings): string {
  const call = program.map(execWord).join(' ')
  return `[Unit]
Description=Machines of vmm that start with this computer
Documentation=man:systemd.service(5)
Wants=network-online.target
After=network-online.target nftables.service
RequiresMountsFor=${data.replaceAll('%', '%%')}

[Service]
Type=oneshot
RemainAfterExit=yes
Environment=${execWord(`VMM_DATA_DIR=${data}`)}
ExecStart=${call} autostart
ExecStop=${call} autostop
KillMode=process
TimeoutStartSec=infinity
TimeoutStopSec=180

[Install]
WantedBy=multi-user.target
`
}
