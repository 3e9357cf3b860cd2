/** `vmm start` until ssh answers, beside the bare engine command with the same arguments until the guest says that it is ready. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFile, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { compare, openDirectory, run, vmm, type Ratio } from './measure.ts'

const name = `bench${process.pid}`

/** The words that the engine of the running machine was started with; sockets, and what goes with a stop, moved to the directory. */
async function engineWords(directory: string): Promise<string[]> {
  const shown = JSON.parse(await run([vmm, 'show', name, '--json'])) as { pid: number }
  const words = (await readFile(`/proc/${shown.pid}/cmdline`, 'utf8')).split('\0').filter((word) => word !== '')
  const initrd = words[words.indexOf('-initrd') + 1] ?? ''
  await copyFile(initrd, join(directory, 'initrd'))
  return words.map((word) => {
    if (word === initrd) return join(directory, 'initrd')
    if (word.startsWith('socket,id=serial')) return 'stdio,id=serial,signal=off'
    return word.replace(/path=[^,]*\/qmp\.sock/, `path=${join(directory, 'qmp.sock')}`)
  })
}

async function bare(words: readonly string[]): Promise<void> {
  const [program = '', ...rest] = words
  const child = spawn(program, rest, { stdio: ['pipe', 'pipe', 'inherit'] })
  let text = ''
  for await (const chunk of child.stdout.setEncoding('utf8') as AsyncIterable<string>) {
    text += chunk
    if (text.includes('vmm: ready')) break
  }
  child.kill('SIGKILL')
  await once(child, 'close')
  if (!text.includes('vmm: ready')) throw new Error(`the bare engine ended before the guest was ready:\n${text}`)
}

export async function benchmarkMachine(): Promise<Ratio[]> {
  const directory = await openDirectory()
  await run([vmm, 'create', name, '--network', 'user'])
  try {
    await run([vmm, 'start', name])
    const words = await engineWords(directory)
    const stop = async (): Promise<void> => void (await run([vmm, 'stop', name]))
    await stop()
    return [
      await compare(
        { name: 'vmm start, until ssh answers', work: async () => void (await run([vmm, 'start', name])), after: stop },
        { name: 'the bare engine, until ready', work: () => bare(words) },
        3,
      ),
    ]
  } finally {
    await run([vmm, 'delete', name, '--force', '--yes'])
    await rm(directory, { recursive: true, force: true })
  }
}
