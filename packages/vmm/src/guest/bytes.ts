/** Bytes of files, through a seam that speaks text: base64 keeps them whole. */
import type { Host } from '@imp/kit/host/host.ts'

export async function readBytes(host: Host, path: string): Promise<Buffer> {
  const { stdout } = await host.query(['base64', '--wrap=0', '--', path])
  return Buffer.from(stdout, 'base64')
}
