/** A real VPP without plugins in a network namespace of its own, where there is one on the PATH. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { localHost } from '@imp/kit/host/local.ts'
import { openVpp } from '../../packages/imp/src/dataplane/vpp/api/client.ts'
import { openDirectory, run, waitFor } from './measure.ts'

/** Why there is none to measure; undefined when there is. */
export async function vppObstacle(): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return 'needs root'
  const found = await run(['which', 'vpp']).catch(() => '')
  return found === '' ? 'needs vpp on the PATH (VPP 25.06, https://fd.io)' : undefined
}

function startup(directory: string, prefix: string): string {
  return [
    `unix { nodaemon nosyslog log ${join(directory, 'log')} runtime-dir ${directory} cli-listen ${join(directory, 'cli.sock')} }`,
    `api-segment { prefix ${prefix} }`,
    `socksvr { socket-name ${join(directory, 'core-api.sock')} }`,
    `statseg { socket-name ${join(directory, 'stats.sock')} size 32M }`,
    'memory { main-heap-size 256M }',
    'buffers { buffers-per-numa 8192 page-size default }',
    'plugins { plugin default { disable } }',
    '',
  ].join('\n')
}

async function answers(socket: string): Promise<boolean> {
  return openVpp(localHost(), { name: 'core', socket }).then(
    (client) => {
      client.close()
      return true
    },
    () => false,
  )
}

export async function startRealVpp(): Promise<{ readonly socket: string; end(): Promise<void> }> {
  const directory = await openDirectory()
  const namespace = `impbenchvpp${process.pid}`
  const socket = join(directory, 'core-api.sock')
  await writeFile(join(directory, 'startup.conf'), startup(directory, namespace))
  await run(['ip', 'netns', 'add', namespace])
  const child = spawn('ip', ['netns', 'exec', namespace, 'vpp', '-c', join(directory, 'startup.conf')], { stdio: 'ignore' })
  const ended = once(child, 'exit')
  const end = async (): Promise<void> => {
    child.kill('SIGKILL')
    await ended
    await run(['ip', 'netns', 'delete', namespace])
    for (const kind of ['global_vm', 'vpe-api']) await rm(`/dev/shm/${namespace}-${kind}`, { force: true })
    await rm(directory, { recursive: true, force: true })
  }
  try {
    await waitFor('the answer of VPP', () => answers(socket))
  } catch (error) {
    await end()
    throw error
  }
  return { socket, end }
}
