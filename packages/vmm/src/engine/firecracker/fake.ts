/**
 * Firecracker without KVM, for tests: answers its API as published and refuses what the real one refuses. Its guest is a line on
 * the console and the end at ctrl-alt-delete. State machine only; `fake-server.ts` puts it on a socket.
 */
import type { z } from 'zod'
import type { Host } from '@imp/kit/host/host.ts'
import { BootSource, Drive, EntropyDevice, InstanceAction, Logger, MachineConfiguration, Metrics, NetworkInterface } from './types.ts'

export interface FakeAnswer {
  readonly status: number
  readonly body?: unknown
}

export interface Guest {
  /** The processors start: what the guest prints. */
  boot(): void
  /** ctrl-alt-delete arrived. */
  interrupt(): void
}

/** `--http-api-max-payload-size` unless told. */
const longestBody = 51_200

class Refused extends Error {}

function refuse(message: string): never {
  throw new Refused(message)
}

const deserializing = 'An error occurred when deserializing the json body of a request'

/** What serde takes and Firecracker does not (src/vmm/src/vmm_config/machine_config.rs). */
function checkMachine({ vcpu_count: cpus, mem_size_mib: memory }: z.output<typeof MachineConfiguration>): void {
  if (cpus < 1 || cpus > 32)
    refuse(
      'Machine config error: The number of vCPUs must be greater than 0, less than 32 and must be 1 or an even number if SMT is enabled.',
    )
  if (memory < 1) refuse('Machine config error: The memory size (MiB) is either 0, or not a multiple of the configured page size.')
}

/** serde's words for what it does not know. */
function take<T extends z.ZodType>(schema: T, body: unknown): z.output<T> {
  const result = schema.safeParse(body)
  if (result.success) return result.data
  const [issue] = result.error.issues
  if (issue?.code === 'unrecognized_keys') return refuse(`${deserializing}: unknown field \`${issue.keys[0]}\``)
  if (issue?.code === 'invalid_type' && issue.message.endsWith('received undefined'))
    return refuse(`${deserializing}: missing field \`${issue.path.join('.')}\``)
  return refuse(`${deserializing}: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'invalid'}`)
}

export interface FakeFirecracker {
  handle(method: string, path: string, body: string): Promise<FakeAnswer>
}

export function fakeFirecracker(id: string, host: Pick<Host, 'files'>, guest: Guest): FakeFirecracker {
  let state: 'Not started' | 'Running' | 'Paused' = 'Not started'
  let boot: z.output<typeof BootSource> | undefined
  let measuring = false
  const drives = new Map<string, z.output<typeof Drive>>()
  const interfaces = new Map<string, z.output<typeof NetworkInterface>>()

  const onlyBefore = (): void => {
    if (state !== 'Not started') refuse('The requested operation is not supported after starting the microVM.')
  }
  const onlyAfter = (): void => {
    if (state === 'Not started') refuse('The requested operation is not supported before starting the microVM.')
  }
  const present = async (path: string | undefined, what: string): Promise<void> => {
    if (path === undefined || (await host.files.stat(path))?.kind === undefined) {
      refuse(`${what}: No such file or directory (os error 2)`)
    }
  }
  const sameId = (inPath: string | undefined, inBody: string): void => {
    if (inPath !== inBody) refuse('The id from the path does not match the id from the body!')
  }

  const puts: Readonly<Record<string, (body: unknown, id: string | undefined) => Promise<void> | void>> = {
    // Its file must be there in 1.11; later ones make it.
    async logger(body) {
      onlyBefore()
      const logger = take(Logger, body)
      if (logger.log_path !== undefined) await present(logger.log_path, 'Logger error: Failed to open target file')
    },
    async metrics(body) {
      onlyBefore()
      const bad = 'Metrics error: Cannot initialize the metrics system due to bad user input'
      await present(take(Metrics, body).metrics_path, bad)
      if (measuring) refuse(`${bad}: Reinitialization of metrics not allowed.`)
      measuring = true
    },
    'machine-config': (body) => {
      onlyBefore()
      checkMachine(take(MachineConfiguration, body))
    },
    async 'boot-source'(body) {
      onlyBefore()
      const source = take(BootSource, body)
      await present(source.kernel_image_path, 'Boot source error: The kernel file cannot be opened')
      if (source.initrd_path !== undefined)
        await present(source.initrd_path, 'Boot source error: The initrd file cannot be opened due to invalid path or invalid permissions.')
      boot = source
    },
    async drives(body, inPath) {
      onlyBefore()
      const drive = take(Drive, body)
      sameId(inPath, drive.drive_id)
      await present(drive.path_on_host, 'Drive config error: Unable to create the virtio block device')
      const root = [...drives.values()].find((each) => each.is_root_device && each.drive_id !== drive.drive_id)
      if (drive.is_root_device && root !== undefined) refuse('Drive config error: A root block device already exists!')
      drives.set(drive.drive_id, drive)
    },
    async 'network-interfaces'(body, inPath) {
      onlyBefore()
      const nic = take(NetworkInterface, body)
      sameId(inPath, nic.iface_id)
      const others = [...interfaces.values()].filter((each) => each.iface_id !== nic.iface_id)
      if (others.some((each) => each.guest_mac !== undefined && each.guest_mac === nic.guest_mac)) {
        refuse(`Network config error: The MAC address is already in use: ${nic.guest_mac}`)
      }
      // No look at the TAP: the real one, as root, makes what is missing.
      interfaces.set(nic.iface_id, nic)
    },
    entropy: (body) => {
      onlyBefore()
      take(EntropyDevice, body)
    },
    async actions(body) {
      const { action_type: action } = take(InstanceAction, body)
      if (action === 'InstanceStart') {
        onlyBefore()
        await start()
      } else {
        onlyAfter()
        if (action === 'SendCtrlAltDel') guest.interrupt()
      }
    },
  }

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

  return {
    async handle(method, path, body) {
      const [room = '', inPath, ...rest] = path.slice(1).split('/')
      const unknown = `Invalid request method and/or path: ${method} ${path.slice(1)}.`
      try {
        if (body.length > longestBody) return { status: 413, body: { fault_message: 'payload too large' } }
        if (method === 'GET') {
          if (body !== '') refuse('GET request cannot have a body.')
          if (path !== '/') refuse(unknown)
          return { status: 200, body: { app_name: 'Firecracker', id, state, vmm_version: '1.16.1' } }
        }
        const put = Object.hasOwn(puts, room) ? puts[room] : undefined
        if (method !== 'PUT' || put === undefined || rest.length > 0) return refuse(unknown)
        if (inPath !== undefined && !/^[A-Za-z0-9_]+$/.test(inPath))
          refuse('API Resource IDs can only contain alphanumeric characters and underscores.')
        if (body === '') refuse('Empty PUT request.')
        await put(parseBody(body), inPath)
        return { status: 204 }
      } catch (error) {
        if (error instanceof Refused) return { status: 400, body: { fault_message: error.message } }
        throw error
      }
    },
  }
}

function parseBody(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return refuse(`${deserializing}.`)
  }
}
