/** What a configuration needs of a kernel, and what a kernel can do: found out by trying in a namespace that is gone afterwards. */
import { Fault } from '@imp/kit/base/fault.ts'
import type { Argv, Host } from '@imp/kit/host/host.ts'
import type { RouterConfig } from '../../config/model.ts'
import { renderLinks } from './links.ts'

/** Features of the kernel, by what they are called in messages. */
export const features = ['802.1Q', '802.1ad', 'bridge', 'nat', 'policy-routing', 'tun'] as const
export type Feature = (typeof features)[number]

interface Trial {
  readonly argv: Argv
  readonly input: string
  /** Option of the kernel's configuration, and the module that Debian makes of it. */
  readonly option: string
}

// A pair of links to build on; a bridge would do, but that is a feature of its own.
const pair = 'link add name t0 type veth peer name t1\n'

const trials: Readonly<Record<Feature, Trial>> = {
  '802.1Q': {
    argv: ['ip', '-batch', '-'],
    input: `${pair}link add link t0 name t0.1 type vlan protocol 802.1Q id 1\n`,
    option: 'CONFIG_VLAN_8021Q (module 8021q)',
  },
  '802.1ad': {
    argv: ['ip', '-batch', '-'],
    input: `${pair}link add link t0 name t0.1 type vlan protocol 802.1ad id 1\n`,
    option: 'CONFIG_VLAN_8021Q (module 8021q)',
  },
  bridge: { argv: ['ip', '-batch', '-'], input: 'link add name t0 type bridge stp_state 0\n', option: 'CONFIG_BRIDGE (module bridge)' },
  nat: {
    argv: ['nft', '-f', '-'],
    input: `table ip trial {
	map det {
		type ipv4_addr : interval ipv4_addr . inet_service
		elements = { 192.0.2.1 : 198.51.100.1 . 1024-2047 }
	}
	chain translate {
		type nat hook postrouting priority srcnat; policy accept;
		ip protocol tcp snat ip to ip saddr map @det
	}
}
`,
    option: 'CONFIG_NFT_NAT (modules nf_tables, nft_chain_nat, nft_nat)',
  },
  'policy-routing': {
    argv: ['ip', '-batch', '-'],
    input: 'rule add priority 1001 fwmark 0x1/0xff lookup 1001\n',
    option: 'CONFIG_IP_MULTIPLE_TABLES',
  },
  tun: { argv: ['ip', '-batch', '-'], input: 'tuntap add dev t0 mode tun\n', option: 'CONFIG_TUN (module tun)' },
}

/** Beside VPP the kernel shows interfaces to FRR, and VLANs of its own kind for those of VPP that are routed. */
function twinFeatures(config: RouterConfig): Feature[] {
  const protocols = new Set(renderLinks({ ...config, bridges: [], crossConnects: [] }).map(({ protocol }) => protocol))
  return features.filter((feature) => feature === '802.1Q' || feature === '802.1ad').filter((feature) => protocols.has(feature))
}

/** The features that the configuration cannot do without. Pure. */
export function requiredFeatures(config: RouterConfig): Feature[] {
  if (config.dataplane === 'vpp') return twinFeatures(config)
  const links = renderLinks(config)
  const needed: Readonly<Record<Feature, boolean>> = {
    '802.1Q': links.some((link) => link.protocol === '802.1Q'),
    '802.1ad': links.some((link) => link.protocol === '802.1ad'),
    bridge: links.some((link) => link.kind === 'bridge'),
    nat: config.nat !== undefined || config.nat64 !== undefined,
    'policy-routing': config.policyRoutes.length > 0,
    tun: config.nat64 !== undefined,
  }
  return features.filter((feature) => needed[feature])
}

async function tryOut(host: Host, feature: Feature): Promise<boolean> {
  const { argv, input } = trials[feature]
  // The namespace ends with the program.
  const ran = await host.query(['unshare', '--net', '--', ...argv], { input, statuses: Array.from({ length: 256 }, (_, status) => status) })
  return ran.status === 0
}

/** The features that the kernel of the machine has, of those asked for. Needs root; a fault when namespaces cannot be made at all. */
export async function probeFeatures(host: Host, wanted: readonly Feature[] = features): Promise<ReadonlySet<Feature>> {
  if (wanted.length > 0) await host.query(['unshare', '--net', '--', 'true'])
  const results = await Promise.all(wanted.map(async (feature) => [feature, await tryOut(host, feature)] as const))
  return new Set(results.filter(([, works]) => works).map(([feature]) => feature))
}

/** Refuses a configuration that needs what the kernel lacks: an `unsupported` fault with one finding per feature. */
export async function refuseMissingFeatures(host: Host, config: RouterConfig): Promise<void> {
  const required = requiredFeatures(config)
  const present = await probeFeatures(host, required)
  const missing = required.filter((feature) => !present.has(feature))
  if (missing.length === 0) return
  throw new Fault('unsupported', `the kernel of ${host.name} lacks ${missing.join(', ')}, which ${config.hostname} needs`, {
    hint: 'run it on a kernel that has it, such as Debian’s own, or in a microVM (a lab does that by itself)',
    findings: missing.map((feature) => ({
      path: feature,
      severity: 'error',
      message: `missing in this kernel: ${trials[feature].option}`,
    })),
  })
}
