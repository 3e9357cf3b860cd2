/** A network namespace of a machine, as a host of its own: programs run inside it, files and sockets are the machine's. */
import type { Argv, Host } from './host.ts'

/** Where iproute2 keeps named namespaces (ip-netns(8)). */
export function namespacePath(name: string): string {
  return `/run/netns/${name}`
}

/** The same machine seen from inside the named network namespace. */
export function inNamespace(host: Host, namespace: string): Host {
  const enter = (argv: Argv): Argv => ['nsenter', `--net=${namespacePath(namespace)}`, '--', ...argv]
  return {
    ...host,
    name: `namespace ${namespace}`,
    query: (argv, options) => host.query(enter(argv), options),
    run: (argv, options) => host.run(enter(argv), options),
    pipe: (stages, options) => host.pipe(stages.map(enter), options),
    attach: (argv) => host.attach(enter(argv)),
  }
}
