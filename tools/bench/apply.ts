/** A change of one line beside a whole configuration, in a network namespace. */
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { compare, imp, openDirectory, run, type Ratio } from './measure.ts'

interface RouterDocument {
  interfaces: { name: string }[]
  routes?: { prefix: string; blackhole: true }[]
}

export async function benchmarkApply(): Promise<Ratio[]> {
  const directory = await openDirectory()
  const namespace = `impbench${process.pid}`
  const place = ['--namespace', namespace, '--state-directory', join(directory, 'state'), '--run-directory', join(directory, 'run')]
  const document = JSON.parse(await readFile('examples/demo/edge.router.json', 'utf8')) as RouterDocument
  const write = (name: string, routes: RouterDocument['routes']): Promise<void> =>
    writeFile(join(directory, name), JSON.stringify({ ...document, routes: routes ?? [] }))
  await write('without.json', [])
  await write('with.json', [{ prefix: '198.18.0.0/15', blackhole: true }])
  const apply = async (name: string): Promise<void> => void (await run([imp, 'apply', join(directory, name), ...place]))
  const remove = async (): Promise<void> => {
    const pids = (await run(['ip', 'netns', 'pids', namespace]).catch(() => '')).split('\n').filter((line) => line !== '')
    if (pids.length > 0) await run(['kill', '-9', ...pids])
    await run(['ip', 'netns', 'delete', namespace]).catch(() => '')
    await Promise.all(['state', 'run'].map((name) => rm(join(directory, name), { recursive: true, force: true })))
  }
  const make = async (): Promise<void> => {
    await remove()
    await run(['ip', 'netns', 'add', namespace])
    for (const { name } of document.interfaces) {
      await run(['ip', '-n', namespace, 'link', 'add', name, 'type', 'veth', 'peer', 'name', `peer-${name}`])
      await run(['ip', '-n', namespace, 'link', 'set', `peer-${name}`, 'up'])
    }
  }
  const prepared = async (): Promise<void> => {
    await make()
    await apply('without.json')
  }
  try {
    return [
      await compare(
        { name: 'imp apply, one route more', before: prepared, work: () => apply('with.json') },
        { name: 'imp apply, all of it', before: make, work: () => apply('with.json') },
        3,
      ),
    ]
  } finally {
    await remove()
    await rm(directory, { recursive: true, force: true })
  }
}
