/** A place of its own for an engine where systemd runs: it outlives the session or service whose command started it. */
import type { Argv, Host } from '@imp/kit/host/host.ts'
import type { MachineFiles } from './model.ts'

/** Whether systemd is the init of this computer (sd_booted(3)), and takes our requests. */
async function takesScopes(host: Host): Promise<boolean> {
  if ((await host.files.stat('/run/systemd/system')) === undefined) return false
  const { stdout } = await host.query(['id', '-u'])
  if (stdout !== '0') return false
  const { status } = await host.query(['systemctl', 'show', '--property=Version'], { statuses: [...Array(256).keys()], timeout: 10_000 })
  return status === 0
}

/**
 * The words that run the engine in a transient scope, where that can be (systemd-run(1)): the process stays the same. The name is new each
 * time, since systemd may not have noticed yet that the last engine has ended. When this computer shuts down, the scope goes after
 * `vmm.service`, which shuts the guests down.
 */
export async function scoped(host: Host, { name }: MachineFiles, argv: Argv): Promise<Argv> {
  if (!(await takesScopes(host))) return argv
  const unit = `vmm-${name}-${host.clock.now().getTime().toString(36)}`
  const properties = [`--description=Machine ${name} of vmm`, '--property=Before=vmm.service']
  return ['systemd-run', '--scope', '--quiet', '--collect', `--unit=${unit}`, ...properties, '--', ...argv]
}
