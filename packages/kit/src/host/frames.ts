/**
 * Ethernet frames of a macvtap device, read and written through its character device without any ioctl: one read is one frame, led by
 * a virtio_net_hdr (linux/if_tap.h: macvtap devices begin with IFF_VNET_HDR set), which must lead it again when it is written.
 */
import { constants } from 'node:fs'
import { open } from 'node:fs/promises'

/** More than the largest frame that the kernel hands out: 64 KiB of segmentation offload, with headers. */
const largest = 70_000

export interface FrameDevice {
  /** Waits for the next frame. Occupies a thread of the pool meanwhile (libuv has four). */
  read(): Promise<Uint8Array>
  write(frame: Uint8Array): Promise<void>
  close(): Promise<void>
}

/** Opens `/dev/tap<ifindex>`, or another node of the same device number. */
export async function openFrameDevice(path: string): Promise<FrameDevice> {
  const handle = await open(path, constants.O_RDWR)
  return {
    async read() {
      const buffer = Buffer.allocUnsafeSlow(largest)
      const { bytesRead } = await handle.read(buffer, 0, largest, null)
      // A copy of its own size: frames that wait must not hold 70 kB each.
      return Uint8Array.prototype.slice.call(buffer, 0, bytesRead)
    },
    async write(frame) {
      await handle.write(frame, 0, frame.length, null)
    },
    close: () => handle.close(),
  }
}
