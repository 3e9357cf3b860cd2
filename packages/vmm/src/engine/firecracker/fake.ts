/**
 * Firecracker without KVM, for tests: answers its API as published and refuses what the real one refuses. Its guest is a line on
 * the console and the end at ctrl-alt-delete. State machine only; `fake-server.ts` puts it on a socket.
 */
import type { z } from 'zod'
import type { Host } from '@imp/kit/host/host.ts'
import { fakeDevices, parseBody, refuse, Refused, requireFile, sameId, take } from './fake-devices.ts'
import {
  Balloon,
  BalloonUpdate,
  BootSource,
  Drive,
  DriveUpdate,
  EntropyDevice,
  InstanceAction,
  Logger,
  MachineConfiguration,
  Metrics,
  MmdsConfiguration,
  NetworkInterface,
  NetworkInterfaceUpdate,
  Serial,
  Vsock,
} from './types.ts'

export interface FakeAnswer {
  readonly status: number
  readonly body?: unknown
}

export interface Guest {
  /** The processors start: what the guest prints. */
  boot(): void
  /** ctrl-alt-delete arrived. */
  interrupt(): void
  /** The guest's vsock is to be reached by this socket. */
  listen(path: string): void
}

export interface Options {
  readonly version?: string
  /** `--http-api-max-payload-size`. */
  readonly longestBody?: number
}

/** What serde takes and Firecracker does not (src/vmm/src/vmm_config/machine_config.rs). */
function checkMachine({ vcpu_count: cpus, mem_size_mib: memory }: z.output<typeof MachineConfiguration>, balloon: number): void {
  const wrong = 'Machine config error: The'
  if (cpus < 1 || cpus > 32)
    refuse(`${wrong} number of vCPUs must be greater than 0, less than 32 and must be 1 or an even number if SMT is enabled.`)
  if (memory < 1) refuse(`${wrong} memory size (MiB) is either 0, or not a multiple of the configured page size.`)
  if (memory < balloon) refuse(`${wrong} memory size (MiB) is smaller than the previously set balloon device target size.`)
}

export interface FakeFirecracker {
  handle(method: string, path: string, body: string): Promise<FakeAnswer>
}

/** When a request is taken: only before the guest starts, or after it by PCI alone, only after it, or always. */
type When = 'before' | 'before or by PCI' | 'after' | 'always'
type Handler = (body: unknown, id: string | undefined) => unknown

export function fakeFirecracker(id: string, host: Pick<Host, 'files'>, guest: Guest, options: Options = {}): FakeFirecracker {
  const { version = '1.16.1', longestBody = 51_200 } = options
  let state: 'Not started' | 'Running' | 'Paused' = 'Not started'
  let boot: z.output<typeof BootSource> | undefined
  let measuring = false
  let machine: z.output<typeof MachineConfiguration> = { vcpu_count: 1, mem_size_mib: 128 }
  const exists = async (path: string): Promise<boolean> => (await host.files.stat(path)) !== undefined
  const devices = fakeDevices(
    exists,
    () => machine.mem_size_mib,
    (path) => guest.listen(path),
  )

  async function start(): Promise<void> {
    if (boot === undefined) return refuse('Start microvm error: Cannot start microvm without kernel configuration.')
    const head = await host.files.read(boot.kernel_image_path)
    if (!head.startsWith('\u007fELF'))
      refuse(
        'Start microvm error: System configuration error: Cannot load kernel due to invalid memory configuration or invalid kernel image: Kernel Loader: failed to load ELF kernel image: Kernel Loader: Invalid Elf magic number',
      )
    state = 'Running'
    guest.boot()
  }

  function requireState(when: When): void {
    if (when === 'before or by PCI' && state !== 'Not started') refuse('PCI is not enabled')
    if (when === 'before' && state !== 'Not started') refuse('The requested operation is not supported after starting the microVM.')
    if (when === 'after' && state === 'Not started') refuse('The requested operation is not supported before starting the microVM.')
  }

  /** A body and the id in it are looked at before it is asked whether this is the time for them. */
  function told<T extends z.ZodType>(
    when: When,
    schema: T,
    run: (body: z.output<T>) => unknown,
    idOf?: (body: z.output<T>) => string,
  ): Handler {
    return (body, inPath) => {
      const parsed = take(schema, body)
      if (idOf !== undefined) sameId(inPath, idOf(parsed))
      requireState(when)
      return run(parsed)
    }
  }

  function asked(when: When, run: () => unknown): Handler {
    return () => {
      requireState(when)
      return run()
    }
  }

  const handlers: Readonly<Record<string, Handler>> = {
    'GET ': asked('always', () => ({ app_name: 'Firecracker', id, state, vmm_version: version })),
    'GET version': asked('always', () => ({ firecracker_version: version })),
    'GET machine-config': asked('always', () => machine),
    'GET vm/config': asked('always', () => ({ ...devices.configuration(), 'boot-source': boot ?? null, 'machine-config': machine })),
    'GET balloon': asked('always', () => devices.balloon()),
    'GET balloon/statistics': asked('after', () => devices.balloonStatistics()),
    'GET mmds': asked('always', () => devices.metadata()),
    // Its file must be there in 1.11; later ones make it.
    'PUT logger': told('before', Logger, async ({ log_path: path }) => {
      if (path !== undefined) await requireFile(exists, path, 'Logger error: Failed to open target file')
    }),
    'PUT metrics': told('before', Metrics, async ({ metrics_path: path }) => {
      const bad = 'Metrics error: Cannot initialize the metrics system due to bad user input'
      await requireFile(exists, path, bad)
      if (measuring) refuse(`${bad}: Reinitialization of metrics not allowed.`)
      measuring = true
    }),
    'PUT serial': told('before', Serial, () => undefined),
    'PUT machine-config': told('before', MachineConfiguration, (wanted) => {
      checkMachine(wanted, devices.balloonAmount())
      machine = wanted
    }),
    'PUT boot-source': told('before', BootSource, async (source) => {
      await requireFile(exists, source.kernel_image_path, 'Boot source error: The kernel file cannot be opened')
      const initrd = 'Boot source error: The initrd file cannot be opened due to invalid path or invalid permissions.'
      if (source.initrd_path !== undefined) await requireFile(exists, source.initrd_path, initrd)
      boot = source
    }),
    'PUT drives/': told('before or by PCI', Drive, devices.putDrive, (drive) => drive.drive_id),
    'PATCH drives/': told('after', DriveUpdate, devices.patchDrive, (drive) => drive.drive_id),
    'PUT network-interfaces/': told('before or by PCI', NetworkInterface, devices.putInterface, (nic) => nic.iface_id),
    'PATCH network-interfaces/': told('after', NetworkInterfaceUpdate, devices.patchInterface, (nic) => nic.iface_id),
    'PUT balloon': told('before', Balloon, devices.putBalloon),
    'PATCH balloon': told('after', BalloonUpdate, devices.patchBalloon),
    'PUT vsock': told('before', Vsock, devices.putVsock),
    'PUT mmds/config': told('before', MmdsConfiguration, devices.putMmdsConfiguration),
    'PUT mmds': (body) => devices.putMetadata(body),
    'PATCH mmds': (body) => devices.patchMetadata(body),
    'PUT entropy': told('before', EntropyDevice, () => undefined),
    'PUT actions': told('always', InstanceAction, async ({ action_type: action }) => {
      requireState(action === 'InstanceStart' ? 'before' : 'after')
      if (action === 'InstanceStart') await start()
      if (action === 'SendCtrlAltDel') guest.interrupt()
    }),
  }

  const handlerOf = (key: string): Handler | undefined => (Object.hasOwn(handlers, key) ? handlers[key] : undefined)

  /** The handler of a path as it is, else that of the paths below its first word. */
  function find(method: string, path: string): { handler: Handler; inPath?: string } {
    const words = path.slice(1)
    const [room, inPath, ...rest] = words.split('/')
    const whole = handlerOf(`${method} ${words}`)
    if (whole !== undefined) return { handler: whole }
    const below = inPath === undefined || rest.length > 0 ? undefined : handlerOf(`${method} ${room}/`)
    if (inPath === undefined || below === undefined) return refuse(`Invalid request method and/or path: ${method} ${words}.`)
    return { handler: below, inPath }
  }

  async function answer(method: string, path: string, body: string): Promise<FakeAnswer> {
    const { handler, inPath } = find(method, path)
    if (method === 'GET' && body !== '') refuse('GET request cannot have a body.')
    if (inPath !== undefined && !/^[A-Za-z0-9_]+$/.test(inPath))
      refuse('API Resource IDs can only contain alphanumeric characters and underscores.')
    if (method !== 'GET' && body === '') refuse(`Empty ${method} request.`)
    const found = await handler(method === 'GET' ? undefined : parseBody(body), inPath)
    return method === 'GET' ? { status: 200, body: found } : { status: 204 }
  }

  return {
    async handle(method, path, body) {
      try {
        if (body.length > longestBody) return { status: 413, body: { fault_message: 'payload too large' } }
        return await answer(method, path, body)
      } catch (error) {
        if (error instanceof Refused) return { status: 400, body: { fault_message: error.message } }
        throw error
      }
    },
  }
}
