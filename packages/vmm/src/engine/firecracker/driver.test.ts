import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { localHost } from '@imp/kit/host/local.ts'
import { engineContract } from '../contract.ts'
import { firecrackerEngine } from './driver.ts'

const fake = new URL('fake-server.ts', import.meta.url).pathname
const directories: string[] = []

after(() => Promise.all(directories.map((each) => rm(each, { recursive: true, force: true }))))

engineContract('the engine Firecracker, against a fake of its API', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'fc-'))
  directories.push(directory)
  await writeFile(join(directory, 'kernel'), '\u007fELF, as far as the fake looks')
  await writeFile(join(directory, 'initrd'), '')
  return {
    engine: firecrackerEngine([process.execPath, '--disable-warning=ExperimentalWarning', fake]),
    host: localHost(),
    accelerator: 'kvm',
    directory,
    kernel: join(directory, 'kernel'),
    initrd: join(directory, 'initrd'),
    marker: 'vmm: ready',
  }
})
