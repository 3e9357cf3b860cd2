/** Which options of a kernel machines need: as a configuration to build from, and as what a built or imported one is held to; pure. */
import type { Architecture } from './model.ts'

function words(text: string): string[] {
  return text.trim().split(/\s+/)
}

/** Without these a machine does not come up or cannot be stopped: a disk, a network, a root, a console, the way in. */
const required = words(`
  64BIT BLK_DEV_INITRD BINFMT_ELF BINFMT_SCRIPT DEVTMPFS PROC_FS SYSFS TMPFS MULTIUSER UNIX98_PTYS VIRTIO_MMIO VIRTIO_BLK
  VIRTIO_NET HW_RANDOM_VIRTIO EXT4_FS SQUASHFS SQUASHFS_LZ4 OVERLAY_FS NET INET UNIX PACKET SERIAL_8250_CONSOLE
`)

/** QEMU enters an ELF kernel by PVH, machines describe their devices by ACPI, and ctrl-alt-delete comes through keyboard and VT. */
const requiredOf: Readonly<Record<Architecture, readonly string[]>> = {
  amd64: ['PVH', 'ACPI', 'SERIO_I8042', 'KEYBOARD_ATKBD', 'VT'],
  arm64: ['OF', 'RTC_DRV_PL031'],
}

/** What a machine does more with: containers, routers, cloud-init. Some of it does not exist in every version. */
const wanted = words(`
  LOCALVERSION_AUTO=n EMBEDDED=n EXPERT=n SHMEM PRINTK_TIME SMP HIGH_RES_TIMERS NO_HZ_IDLE SYSVIPC POSIX_MQUEUE IKCONFIG IKCONFIG_PROC
  NAMESPACES USER_NS CGROUPS CGROUP_PIDS CGROUP_BPF MEMCG CGROUP_SCHED BPF_SYSCALL SECCOMP SECCOMP_FILTER AUDIT
  HYPERVISOR_GUEST PARAVIRT KVM_GUEST PTP_1588_CLOCK RELOCATABLE RANDOMIZE_BASE STACKPROTECTOR STRICT_KERNEL_RWX
  CPU_MITIGATIONS SPECULATION_MITIGATIONS RETPOLINE MITIGATION_RETPOLINE PAGE_TABLE_ISOLATION
  MITIGATION_PAGE_TABLE_ISOLATION COMPACTION TRANSPARENT_HUGEPAGE BALLOON_COMPACTION RD_GZIP RD_ZSTD BLOCK BLK_DEV
  BLK_DEV_LOOP VIRTIO_MENU VIRTIO_MMIO_CMDLINE_DEVICES VIRTIO_BALLOON VIRTIO_CONSOLE VSOCKETS VIRTIO_VSOCKETS PCI PCI_MSI
  VIRTIO_PCI HW_RANDOM TTY SERIAL_8250 INPUT INPUT_KEYBOARD SERIO RTC_CLASS RTC_DRV_CMOS EXT4_FS_POSIX_ACL
  EXT4_FS_SECURITY SQUASHFS_XATTR SQUASHFS_ZSTD SQUASHFS_XZ TMPFS_XATTR TMPFS_POSIX_ACL AUTOFS_FS MISC_FILESYSTEMS
  MSDOS_FS VFAT_FS NLS_CODEPAGE_437 NLS_ISO8859_1 ISO9660_FS JOLIET FUSE_FS VIRTIO_FS INOTIFY_USER NETDEVICES NET_CORE TUN
  VETH DUMMY BRIDGE BRIDGE_VLAN_FILTERING BONDING MACVLAN VLAN_8021Q VXLAN NET_VRF IPV6 IP_MULTICAST IP_ADVANCED_ROUTER
  IP_MULTIPLE_TABLES IP_ROUTE_MULTIPATH IPV6_MULTIPLE_TABLES SYN_COOKIES NET_L3_MASTER_DEV IPV6_SUBTREES INET_DIAG
  PACKET_DIAG UNIX_DIAG NETLINK_DIAG NET_IPIP NET_IPGRE_DEMUX NET_IPGRE MPLS MPLS_ROUTING NETFILTER NETFILTER_ADVANCED
  NETFILTER_INGRESS NETFILTER_NETLINK NETFILTER_NETLINK_LOG NF_CONNTRACK NF_CT_NETLINK NF_CONNTRACK_EVENTS
  NF_CONNTRACK_ZONES NF_CONNTRACK_PROCFS NF_CONNTRACK_MARK NF_TABLES NF_TABLES_INET NF_TABLES_NETDEV NF_TABLES_IPV4
  NF_TABLES_IPV6 NF_TABLES_BRIDGE NFT_CT NFT_COUNTER NFT_LIMIT NFT_LOG NFT_NAT NFT_MASQ NFT_REDIR NFT_REJECT NFT_FIB_INET
  NFT_FIB_IPV4 NFT_FIB_IPV6 NFT_HASH NFT_NUMGEN NFT_QUOTA NFT_OBJREF NF_FLOW_TABLE NF_FLOW_TABLE_INET NFT_FLOW_OFFLOAD NET_SCHED NET_SCH_FQ_CODEL
  NET_SCH_TBF NET_SCH_HTB NET_SCH_INGRESS NET_SCH_NETEM NET_CLS_ACT NET_CLS_U32 NET_ACT_POLICE
`)

/** What every kernel that boots machines must have built in, or as a module that the initrd loads. */
export function requiredOptions(architecture: Architecture): string[] {
  return [...required, ...requiredOf[architecture]]
}

/** The lines that a minimal configuration is made from; what is not named stays off, or on as the source's own defaults have it. */
export function configurationFragment(architecture: Architecture): string {
  const lines = [...wanted, ...requiredOptions(architecture)].map((word) => {
    const [name = '', value = 'y'] = word.split('=')
    return value === 'n' ? `# CONFIG_${name} is not set` : `CONFIG_${name}=${value}`
  })
  return `${[...new Set(lines)].join('\n')}\n`
}

/** Options by name as a `.config` has them; those that are off are missing. */
export function parseConfiguration(text: string): ReadonlyMap<string, string> {
  return new Map([...text.matchAll(/^CONFIG_([A-Za-z0-9_]+)=(.*)$/gm)].map((match) => [match[1] ?? '', match[2] ?? '']))
}

/** The required options that a configuration lacks; `m` counts only where the kernel's modules are at hand. */
export function missingOptions(configuration: ReadonlyMap<string, string>, architecture: Architecture, modules: boolean): string[] {
  return requiredOptions(architecture).filter((name) => {
    const value = configuration.get(name)
    return value !== 'y' && !(modules && value === 'm')
  })
}

/** What was asked for besides and is not there: other names in other versions, or something it depends on is off. */
export function droppedOptions(configuration: ReadonlyMap<string, string>): string[] {
  return wanted.filter((word) => !word.includes('=') && configuration.get(word) === undefined)
}
