/** Files that are the same on every appliance: what FRR runs, and what else stays as it is whatever is configured. */
import { places, type ApplianceFile } from './model.ts'

/**
 * All daemons that a configuration may need run from the start: watchfrr takes no further ones in without a restart of all, and one
 * without configuration does nothing. `-s`: room for the kernel's announcements of a full table.
 */
function frrDaemons(): ApplianceFile {
  const on = ['bgpd', 'ospfd', 'ospf6d', 'bfdd']
  const off = [
    'ripd',
    'ripngd',
    'isisd',
    'pimd',
    'pim6d',
    'ldpd',
    'nhrpd',
    'eigrpd',
    'babeld',
    'sharpd',
    'pbrd',
    'fabricd',
    'vrrpd',
    'pathd',
  ]
  const lines = [
    '# Brought by imp.',
    ...on.map((daemon) => `${daemon}=yes`),
    ...off.map((daemon) => `${daemon}=no`),
    '',
    'vtysh_enable=yes',
    'zebra_options="-A 127.0.0.1 -s 90000000"',
    ...['bgpd', 'ospfd', 'staticd', 'bfdd'].map((daemon) => `${daemon}_options="-A 127.0.0.1"`),
    'ospf6d_options="-A ::1"',
    '',
    `watchfrr_options="--netns=${places.namespace}"`,
  ]
  return { path: places.frr.daemons, text: `${lines.join('\n')}\n`, mode: 0o640, owner: 'frr:frr', reader: 'frr' }
}

function vtysh(): ApplianceFile {
  return { path: places.frr.vtysh, text: 'service integrated-vtysh-config\n', mode: 0o640, owner: 'frr:frr', reader: 'none' }
}

/** Programs in the namespace ask no name server: there is no way from there to that of the machine (ip-netns(8)). */
function resolver(): ApplianceFile {
  return { path: `/etc/netns/${places.namespace}/resolv.conf`, text: '# No name server in the dataplane.\n', reader: 'none' }
}

/** The static files but for units and scripts. */
export function staticFiles(): ApplianceFile[] {
  return [frrDaemons(), vtysh(), resolver()]
}
