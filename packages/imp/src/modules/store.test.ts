import assert from 'node:assert/strict'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, test, type TestContext } from 'node:test'
import { Fault } from '@imp/kit/base/fault.ts'
import { localHost } from '@imp/kit/host/local.ts'
import { exampleNames, findModule, moduleFile, modulesDirectory, readModules, readSource } from './store.ts'

const { files } = localHost()
let made = 0

const probe = `
name: probe
topology: { connections: [{ name: internal }] }
vpp_commands: |
  show version
`

async function directoryWith(t: TestContext, modules: Readonly<Record<string, string>>): Promise<string> {
  made += 1
  const directory = join(tmpdir(), `imp-modules-${process.pid}-${made}`)
  t.after(() => files.remove(directory))
  await files.makeDirectory(modulesDirectory(directory))
  for (const [name, text] of Object.entries(modules)) await files.write(moduleFile(directory, name), text)
  return directory
}

suite('installed modules', () => {
  test('are none before the first', async () => {
    assert.deepEqual(await readModules(files, join(tmpdir(), `imp-modules-${process.pid}-none`)), { modules: [], findings: [] })
  })

  test('are read beside those that are not right, which are named with their lines', async (t) => {
    const directory = await directoryWith(t, { probe, broken: `${probe.replace('probe', 'broken')}colour: red\n`, other: probe })
    const { modules, findings } = await readModules(files, directory)
    assert.deepEqual(
      modules.map(({ definition }) => definition.name),
      ['probe'],
    )
    assert.deepEqual(
      findings.map(({ path, message }) => [path.slice(directory.length), message]),
      [
        ['/modules/broken.yaml:6 colour', findings[0]?.message],
        ['/modules/other.yaml', 'holds the module probe'],
      ],
    )
  })

  test('are found by name, and the fault says what is wrong', async (t) => {
    const directory = await directoryWith(t, { probe, empty: '' })
    assert.equal((await findModule(files, directory, 'probe')).definition.name, 'probe')
    await assert.rejects(findModule(files, directory, 'nothing'), (error) => error instanceof Fault && error.code === 'not-found')
    await assert.rejects(findModule(files, directory, 'empty'), (error) => error instanceof Fault && error.findings.length > 0)
  })
})

test('the examples are right', async () => {
  for (const name of exampleNames) assert.equal((await readSource(files, name)).module.definition.name, name)
})
