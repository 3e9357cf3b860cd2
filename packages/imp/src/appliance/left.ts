/** Files of ours for processes of VPP beside the core and NAT, whatever configuration they came from. */
import type { Host } from '@imp/kit/host/host.ts'
import { InstanceName, instanceFiles, instanceUnit } from './model.ts'
import type { Obsolete } from './steps.ts'

/** How files begin that we wrote; an operator's own are left alone. */
const ours = /^# (Written|Brought) by imp\b/

const builtIn = new Set(['core', 'nat'])

const folders = [
  ['/etc/vpp', /^startup-(.+)\.conf$/],
  ['/etc/vpp', /^commands-(.+)\.txt$/],
  ['/etc/systemd/system', /^vpp-(.+)\.service$/],
] as const

async function namesIn(host: Host, directory: string, pattern: RegExp): Promise<string[]> {
  if ((await host.files.stat(directory))?.kind !== 'directory') return []
  const names = (await host.files.list(directory)).flatMap((each) => pattern.exec(each)?.[1] ?? [])
  return names.filter((name) => !builtIn.has(name) && InstanceName.safeParse(name).success)
}

/** The files with who has to know when one goes. */
export async function leftInstances(host: Host): Promise<Obsolete[]> {
  const found = await Promise.all(folders.map(([directory, pattern]) => namesIn(host, directory, pattern)))
  const files = [...new Set(found.flat())].flatMap((name): Obsolete[] => [
    { path: `/etc/systemd/system/${instanceUnit(name)}`, reader: 'systemd' },
    { path: instanceFiles(name).startup, reader: `vpp-${name}` },
    { path: instanceFiles(name).commands, reader: `vpp-${name}` },
  ])
  const left = await Promise.all(
    files.map(async (file) => {
      const stat = await host.files.stat(file.path)
      return stat?.kind === 'file' && ours.test(await host.files.read(file.path)) ? [file] : []
    }),
  )
  return left.flat()
}
