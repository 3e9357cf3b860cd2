/** `vmm start` until ssh answers, beside the bare engine command with the same arguments until the guest says that it is ready. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { compare, run, vmm, type Ratio } from './measure.ts'

const name = `bench${process.pid}`

async function engineArguments(): Promise<string[]> {
  const shown = JSON.parse(await run([vmm, 'show', name, '--json'])) as { pid: number }
  const words = await readFile(`/proc/${shown.pid}/cmdline`, 'utf8')
  return words.split('\0').filter((word) => word !== '')
}

async function bare(words: readonly string[]): Promise<void> {
  const [program = '', ...rest] = words
  const child = spawn(
    program,
    rest.map((word) => (word.startsWith('socket,id=serial') ? 'stdio,id=serial' : word)),
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  let text = ''
  for await (const chunk of child.stdout.setEncoding('utf8') as AsyncIterable<string>) {
    text += chunk
    if (text.includes('vmm: ready')) break
  }
  child.kill('SIGKILL')
  await once(child, 'close')
}

export async function benchmarkMachine(): Promise<Ratio[]> {
  await run([vmm, 'create', name, '--network', 'user'])
  try {
    await run([vmm, 'start', name])
    const words = await engineArguments()
    await run([vmm, 'stop', name])
    return [
      await compare(
        {
          name: 'vmm start, until ssh answers',
          work: async () => void (await run([vmm, 'start', name])),
          after: async () => void (await run([vmm, 'stop', name])),
        },
        { name: 'the bare engine, until ready', work: () => bare(words) },
        3,
      ),
    ]
  } finally {
    await run([vmm, 'delete', name, '--force', '--yes'])
  }
}
