/** The devices of the fake Firecracker: what of them is refused, as the published API and the real one refuse it, and what is kept. */
import type { z } from 'zod'
import type {
  Balloon,
  BalloonUpdate,
  Drive,
  DriveUpdate,
  MmdsConfiguration,
  NetworkInterface,
  NetworkInterfaceUpdate,
  RateLimiter,
  Vsock,
} from './types.ts'

/** What the fake answers with status 400 and these words. */
export class Refused extends Error {}

export function refuse(message: string): never {
  throw new Refused(message)
}

const deserializing = 'An error occurred when deserializing the json body of a request'

/** serde's words for what it does not know. */
export function take<T extends z.ZodType>(schema: T, body: unknown): z.output<T> {
  const result = schema.safeParse(body)
  if (result.success) return result.data
  const [issue] = result.error.issues
  if (issue?.code === 'unrecognized_keys') return refuse(`${deserializing}: unknown field \`${issue.keys[0]}\``)
  if (issue?.code === 'invalid_type' && issue.message.endsWith('received undefined'))
    return refuse(`${deserializing}: missing field \`${issue.path.join('.')}\``)
  return refuse(`${deserializing}: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'invalid'}`)
}

export function parseBody(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return refuse(`${deserializing}.`)
  }
}

export function sameId(inPath: string | undefined, inBody: string): void {
  if (inPath !== inBody) refuse('The id from the path does not match the id from the body!')
}

/** Files of the host as the fake sees them: whether something is there. */
export type Exists = (path: string) => Promise<boolean>

const missing = 'No such file or directory (os error 2)'

/** Refuses a file that is not there. */
export async function requireFile(exists: Exists, path: string, what: string): Promise<void> {
  if (!(await exists(path))) refuse(`${what}: ${missing}`)
}

/** Buckets that are said again replace those from before; those of no size are no limit. */
function limited(before: z.output<typeof RateLimiter> | null | undefined, now: z.output<typeof RateLimiter> | undefined) {
  const merged = { ...before, ...now }
  const left = Object.fromEntries(
    Object.entries(merged).filter(([, bucket]) => bucket !== undefined && bucket.size > 0 && bucket.refill_time > 0),
  )
  return Object.keys(left).length === 0 ? undefined : left
}

/** Bytes that the guest itself takes. */
const used = 64 << 20

export type Devices = ReturnType<typeof fakeDevices>

/** Devices of one machine. `memory` is what it has, in MiB; `listen` puts the vsock on its socket. */
export function fakeDevices(exists: Exists, memory: () => number, listen: (path: string) => void) {
  const drives = new Map<string, z.output<typeof Drive>>()
  const interfaces = new Map<string, z.output<typeof NetworkInterface>>()
  let balloon: z.output<typeof Balloon> | undefined
  let vsock: z.output<typeof Vsock> | undefined
  let mmds: z.output<typeof MmdsConfiguration> | undefined
  let metadata: unknown

  return {
    putDrive: async (drive: z.output<typeof Drive>): Promise<void> => {
      const path = drive.path_on_host ?? refuse('Drive config error: Unable to create the virtio block device: Invalid block config.')
      await requireFile(exists, path, 'Drive config error: Unable to create the virtio block device')
      const root = [...drives.values()].find((each) => each.is_root_device && each.drive_id !== drive.drive_id)
      if (drive.is_root_device && root !== undefined) refuse('Drive config error: A root block device already exists!')
      drives.set(drive.drive_id, drive)
    },
    patchDrive: ({ drive_id: id, rate_limiter: limiter, path_on_host: path }: z.output<typeof DriveUpdate>): void => {
      const wrong = 'Drive config error: Unable to patch the block device:'
      const drive =
        drives.get(id) ?? refuse(`${wrong} Failed perform action on device: Device not found Please verify the request arguments.`)
      if (limiter === undefined && path === undefined) {
        refuse(`${wrong} Block: Running method expected different backend. Please verify the request arguments.`)
      }
      drives.set(id, { ...drive, rate_limiter: limited(drive.rate_limiter, limiter) })
    },
    putInterface: (nic: z.output<typeof NetworkInterface>): void => {
      const others = [...interfaces.values()].filter((each) => each.iface_id !== nic.iface_id)
      if (others.some((each) => each.guest_mac !== undefined && each.guest_mac === nic.guest_mac)) {
        refuse(`Network config error: The MAC address is already in use: ${nic.guest_mac}`)
      }
      // No look at the TAP: the real one, as root, makes what is missing.
      interfaces.set(nic.iface_id, nic)
    },
    patchInterface: ({ iface_id: id, rx_rate_limiter: rx, tx_rate_limiter: tx }: z.output<typeof NetworkInterfaceUpdate>): void => {
      const nic =
        interfaces.get(id) ??
        refuse('Network config error: Unable to update the net device: Failed perform action on device: Device not found')
      interfaces.set(id, { ...nic, rx_rate_limiter: limited(nic.rx_rate_limiter, rx), tx_rate_limiter: limited(nic.tx_rate_limiter, tx) })
    },
    putBalloon: (told: z.output<typeof Balloon>): void => {
      if (told.amount_mib > memory()) refuse('Balloon config error: Amount of pages requested is too large.')
      balloon = told
    },
    patchBalloon: ({ amount_mib: amount }: z.output<typeof BalloonUpdate>): void => {
      if (balloon === undefined) return refuse('Balloon update error: Failed perform action on device: Device not found')
      if (amount > memory()) refuse(`Error manipulating the balloon device: Balloon: Requested memory should be less than ${amount}MiB`)
      balloon = { ...balloon, amount_mib: amount }
    },
    balloon: () => balloon ?? refuse('Balloon config error: No balloon device found.'),
    /** Of a guest that gives at once what it is asked for. */
    balloonStatistics: () => {
      const { amount_mib: amount } = balloon ?? refuse('Internal VMM error: Failed perform action on device: Device not found')
      const total = memory() << 20
      const free = total - (amount << 20) - used
      return { target_mib: amount, actual_mib: amount, total_memory: total, free_memory: free, available_memory: free }
    },
    balloonAmount: () => balloon?.amount_mib ?? 0,
    putVsock: async (told: z.output<typeof Vsock>): Promise<void> => {
      const what = 'Vsock config error: Cannot create backend for vsock device: Error binding to the host-side Unix socket'
      await requireFile(exists, told.uds_path.slice(0, told.uds_path.lastIndexOf('/')), what)
      if (vsock?.uds_path !== told.uds_path && (await exists(told.uds_path))) refuse(`${what}: Address already in use (os error 98)`)
      if (vsock?.uds_path !== told.uds_path) listen(told.uds_path)
      vsock = told
    },
    putMmdsConfiguration: (told: z.output<typeof MmdsConfiguration>): void => {
      // Three M, as the real one has it.
      const wrong = 'MMMDS config error: The'
      if (told.ipv4_address?.startsWith('169.254.') === false) refuse(`${wrong} MMDS IPv4 address is not link local.`)
      if (told.network_interfaces.length === 0)
        refuse(`${wrong} list of network interface IDs that allow forwarding MMDS requests is empty.`)
      if (told.network_interfaces.some((id) => !interfaces.has(id)))
        refuse(
          `${wrong} list of network interface IDs provided contains at least one ID that does not correspond to any existing network interface.`,
        )
      mmds = told
    },
    putMetadata: (body: unknown): void => {
      metadata = body
    },
    patchMetadata: (body: unknown): void => {
      if (metadata === undefined) refuse('MMDS error: The MMDS data store is not initialized.')
      metadata = { ...(metadata as object), ...(body as object) }
    },
    metadata: () => metadata ?? {},
    configuration: () => ({
      drives: [...drives.values()],
      'network-interfaces': [...interfaces.values()],
      balloon: balloon ?? null,
      vsock: vsock ?? null,
      'mmds-config': mmds ?? null,
    }),
  }
}
