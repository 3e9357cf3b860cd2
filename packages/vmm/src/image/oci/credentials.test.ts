import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { localHost } from '@imp/kit/host/local.ts'
import { findCredentials, type Environment } from './credentials.ts'

/** A home with a file of Docker's, and how logins are looked for in it. */
function homeWith(t: TestContext, file: object) {
  const home = mkdtempSync(join(tmpdir(), 'home-'))
  t.after(() => rmSync(home, { recursive: true }))
  const put = (content: object, ...path: string[]): void => {
    mkdirSync(join(home, ...path.slice(0, -1)), { recursive: true })
    writeFileSync(join(home, ...path), JSON.stringify(content))
  }
  put(file, '.docker', 'config.json')
  const find = (registry: string, repository = 'team/web', environment: Environment = {}) =>
    findCredentials(localHost(), { name: undefined, home }, registry, repository, environment)
  return { home, put, find }
}

const auth = (text: string): { auth: string } => ({ auth: Buffer.from(text).toString('base64') })

/** Programs that answer as those of docker-credential-helpers do, in a directory for PATH. */
function helpers(t: TestContext, scripts: Readonly<Record<string, string>>): string {
  const directory = mkdtempSync(join(tmpdir(), 'helpers-'))
  t.after(() => rmSync(directory, { recursive: true }))
  for (const [name, script] of Object.entries(scripts)) {
    const path = join(directory, `docker-credential-${name}`)
    writeFileSync(path, `#!/bin/sh\n${script}\n`)
    chmodSync(path, 0o755)
  }
  return `${directory}:/usr/bin:/bin`
}

test('logins that docker wrote are found', async (t) => {
  const auths = {
    'https://index.docker.io/v1/': auth('ada:p:q'),
    'localhost:5000': { username: 'bob', password: 'r' },
    'x.example': { auth: 'AAAA' },
    'az.example': { ...auth('00000000:'), identitytoken: 'long' },
    'ghcr.io': {},
  }
  const { home, find } = homeWith(t, { auths, credsStore: 'none-such' })
  assert.deepEqual(await find('docker.io'), { user: 'ada', password: 'p:q' })
  assert.deepEqual(await find('localhost:5000'), { user: 'bob', password: 'r' })
  assert.deepEqual(await find('az.example'), { identityToken: 'long' })
  assert.equal(await find('ghcr.io'), undefined)
  await assert.rejects(find('x.example'), { code: 'input' })
  writeFileSync(join(home, '.docker', 'config.json'), '{')
  await assert.rejects(find('docker.io'), { code: 'input' })
  rmSync(join(home, '.docker'), { recursive: true })
  assert.equal(await find('docker.io'), undefined)
})

test('logins that podman wrote are found first, the narrowest of them', async (t) => {
  const { home, put, find } = homeWith(t, { auths: { 'quay.io': auth('docker:d') } })
  put({ auths: { 'quay.io': auth('all:a'), 'quay.io/team': auth('team:t') } }, '.config', 'containers', 'auth.json')
  assert.deepEqual(await find('quay.io'), { user: 'team', password: 't' })
  assert.deepEqual(await find('quay.io', 'other/web'), { user: 'all', password: 'a' })
  put({ auths: { 'quay.io': auth('run:r') } }, 'run', 'containers', 'auth.json')
  assert.deepEqual(await find('quay.io', 'other', { XDG_RUNTIME_DIR: join(home, 'run') }), { user: 'run', password: 'r' })
  const only = { REGISTRY_AUTH_FILE: join(home, '.docker', 'config.json') }
  assert.deepEqual(await find('quay.io', 'team/web', only), { user: 'docker', password: 'd' })
})

test('stores are asked by their programs', async (t) => {
  const PATH = helpers(t, {
    good: `[ "$1" = get ] && read -r server && printf '{"ServerURL":"%s","Username":"of %s","Secret":"s"}' "$server" "$server"`,
    token: `printf '{"Username":"<token>","Secret":"long"}'`,
    none: 'echo "credentials not found in native keychain"; exit 1',
    locked: 'echo "the keyring is locked"; exit 1',
    strange: 'echo hello, the password is hunter2',
  })
  const credHelpers = { 'a.example': 'good', 't.example': 'token', 'n.example': 'none', 'l.example': 'locked', 's.example': 'strange' }
  const { find } = homeWith(t, {
    auths: { 'docker.io': {} },
    credHelpers: { ...credHelpers, 'm.example': 'none-such' },
    credsStore: 'good',
  })
  const ask = (registry: string) => find(registry, 'team/web', { PATH })
  assert.deepEqual(await ask('a.example'), { user: 'of a.example', password: 's' })
  assert.deepEqual(await ask('docker.io'), { user: 'of https://index.docker.io/v1/', password: 's' })
  assert.deepEqual(await ask('t.example'), { identityToken: 'long' })
  assert.equal(await ask('n.example'), undefined)
  await assert.rejects(ask('l.example'), { code: 'denied', detail: 'the keyring is locked' })
  await assert.rejects(ask('s.example'), (error) => !JSON.stringify(error).includes('hunter2'))
  await assert.rejects(ask('m.example'), { code: 'missing-program' })
})

test('a store is no path', async (t) => {
  const { find } = homeWith(t, { credsStore: '../../bin/sh' })
  await assert.rejects(find('docker.io'), { code: 'input' })
})
