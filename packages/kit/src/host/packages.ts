/** Which Debian package brings a program that we call; the hint of every `missing-program` fault. */
const packages: Readonly<Record<string, string>> = {
  ip: 'iproute2',
  tc: 'iproute2',
  bridge: 'iproute2',
  ss: 'iproute2',
  nft: 'nftables',
  iptables: 'iptables',
  sysctl: 'procps',
  vtysh: 'frr',
  nsenter: 'util-linux',
  unshare: 'util-linux',
  prlimit: 'util-linux',
  ping: 'iputils-ping',
  ssh: 'openssh-client',
  'ssh-keygen': 'openssh-client',
  'qemu-system-x86_64': 'qemu-system-x86',
  mmdebstrap: 'mmdebstrap',
  depmod: 'kmod',
  mksquashfs: 'squashfs-tools',
  newuidmap: 'uidmap',
  sqfstar: 'squashfs-tools',
  unsquashfs: 'squashfs-tools',
  mke2fs: 'e2fsprogs',
  resize2fs: 'e2fsprogs',
  cpio: 'cpio',
  xz: 'xz-utils',
  lz4: 'lz4',
  zstd: 'zstd',
  bzip2: 'bzip2',
  lzip: 'lzip',
  conntrack: 'conntrack',
  tayga: 'tayga',
  tcpdump: 'tcpdump',
  bird: 'bird2',
  'apt-get': 'apt',
  'dpkg-deb': 'dpkg',
}

/** The Debian package of a program, by its name or path, or undefined when we know none. */
export function packageOf(program: string): string | undefined {
  if (program.startsWith('/usr/lib/frr/')) return 'frr'
  return packages[program.slice(program.lastIndexOf('/') + 1)]
}
