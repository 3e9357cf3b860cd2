/** The demo's topology with a tagged customer network more, for kernels that have 802.1Q. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { localHost } from '@imp/kit/host/local.ts'
import { parse, stringify } from 'yaml'
import { probeFeatures } from '../../packages/imp/src/dataplane/linux/features.ts'

interface Topology {
  topology: { nodes: Record<string, { exec?: string[]; 'startup-config'?: string }> }
  verify: object[]
}

interface Router {
  interfaces: { name: string; subinterfaces?: object[] }[]
}

export interface DemoFiles {
  readonly lab: string
  readonly router: string
  readonly tagged: boolean
}

const vlan = 100

/** Whether namespaces of this kernel can have VLANs; false as well when we may not find out, which bringing up the lab then says. */
async function hasVlans(): Promise<boolean> {
  try {
    return (await probeFeatures(localHost(), ['802.1Q'])).has('802.1Q')
  } catch {
    return false
  }
}

/** The files of the demo: as they are in examples, or written to the directory with VLAN 100 on the client's port. */
export async function demoFiles(examples: string, directory: string): Promise<DemoFiles> {
  const plain = { lab: join(examples, 'lab.yaml'), router: join(examples, 'edge.router.json'), tagged: false }
  if (!(await hasVlans())) return plain
  const router = JSON.parse(readFileSync(plain.router, 'utf8')) as Router
  const port = router.interfaces.find(({ name }) => name === 'lan1')
  if (port !== undefined) port.subinterfaces = [{ vlan, addresses: ['100.64.3.1/24'] }]
  const lab = parse(readFileSync(plain.lab, 'utf8')) as Topology
  const { edge, upstream, client } = lab.topology.nodes
  const files = { lab: join(directory, 'lab.yaml'), router: join(directory, 'edge.router.json'), tagged: true }
  if (edge !== undefined) edge['startup-config'] = files.router
  if (upstream !== undefined) upstream['startup-config'] = resolve(examples, 'upstream.conf')
  client?.exec?.push(
    `ip link add link eth1 name eth1.${vlan} type vlan id ${vlan}`,
    `ip address add 100.64.3.10/24 dev eth1.${vlan}`,
    `ip link set dev eth1.${vlan} up`,
  )
  lab.verify.push(
    { address: { node: 'edge', interface: `lan1.${vlan}`, within: '100.64.3.0/24' } },
    { reach: { from: 'client', to: '100.64.3.1' } },
  )
  writeFileSync(files.router, `${JSON.stringify(router, null, 2)}\n`)
  writeFileSync(files.lab, stringify(lab))
  return files
}
