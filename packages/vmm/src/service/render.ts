/** The units that start and stop machines with this computer, and that see to the rules of their networks; pure. */
import { join } from 'node:path'

export const unitName = 'vmm.service'
const rulesName = 'vmm-rules.service'
const timerName = 'vmm-rules.timer'

/** What takes away the rules of others when it starts anew, or from then on drops what nobody accepts. */
const firewalls = ['nftables', 'firewalld', 'ufw', 'netfilter-persistent', 'docker'].map((name) => `${name}.service`).join(' ')

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
  /** Directory of the settings, `~/.config` of whoever installs: a service is nobody's, and would take those of root. */
  readonly config?: string
}

/** A path in a setting that knows specifiers only (systemd.unit(5), SPECIFIERS). */
const plain = (path: string): string => path.replaceAll('%', '%%')

/** A path before a pattern of glob(7). */
const beforePattern = (path: string): string => plain(path).replaceAll(/[\\*?[\]{}]/g, '\\$&')

function callOf({ program }: ServiceSettings): string {
  return program.map(execWord).join(' ')
}

function environment({ data, config }: ServiceSettings): string {
  const words = [`VMM_DATA_DIR=${data}`, ...(config === undefined ? [] : [`XDG_CONFIG_HOME=${config}`])]
  return `Environment=${words.map(execWord).join(' ')}`
}

/**
 * Text of the unit. Machines are no part of it: stopping is what `vmm autostop` does, and they survive its restart. systemd runs ExecStop of
 * units only whose start succeeded: a machine that cannot start must not take the others their shutdown. How long all guests may take to
 * shut down, each of them a minute, depends on how many wait for each other.
 */
export function renderUnit(settings: ServiceSettings): string {
  const call = callOf(settings)
  return `[Unit]
Description=Machines of vmm that start with this computer
Documentation=man:systemd.service(5)
Wants=network-online.target
After=network-online.target nftables.service
RequiresMountsFor=${plain(settings.data)}

[Service]
Type=oneshot
RemainAfterExit=yes
${environment(settings)}
ExecStart=-${call} autostart
ExecStop=${call} autostop
KillMode=process
TimeoutStartSec=infinity
TimeoutStopSec=infinity

[Install]
WantedBy=multi-user.target
`
}

/**
 * Text of the unit that writes the rules of networks anew. It is started with every firewall, behind it: what a restart of one takes away is
 * there again at once. It says nothing where all is well.
 */
function renderRules(settings: ServiceSettings): string {
  const members = beforePattern(join(settings.data, 'net'))
  return `[Unit]
Description=Rules of the networks of vmm
Documentation=man:systemd.service(5)
After=${firewalls}
RequiresMountsFor=${plain(settings.data)}
ConditionPathExistsGlob=|${members}/vmm-*.json
ConditionPathExistsGlob=|${members}/networks/*/vmm-*.json

[Service]
Type=oneshot
${environment(settings)}
ExecStart=${callOf(settings)} network repair
StandardOutput=null
LogLevelMax=notice

[Install]
WantedBy=${firewalls}
`
}

/** Text of the timer for what no unit tells: `nft flush ruleset`, `firewall-cmd --reload`. */
const timer = `[Unit]
Description=Looks after the rules of the networks of vmm
Documentation=man:systemd.timer(5)

[Timer]
OnCalendar=minutely
AccuracySec=30s

[Install]
WantedBy=timers.target
`

/** Text of every unit by its name. */
export function renderUnits(settings: ServiceSettings): ReadonlyMap<string, string> {
  return new Map([
    [unitName, renderUnit(settings)],
    [rulesName, renderRules(settings)],
    [timerName, timer],
  ])
}

/** All that is installed; of these what is started at once. */
export const unitNames = [unitName, rulesName, timerName] as const
export const startedNames = [timerName] as const
