import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { metadataDocument } from '../cloud-init/model.ts'

const script = join(import.meta.dirname, 'metadata.sh')
const skip = spawnSync('busybox', ['nc', '--help']).status === null ? 'needs busybox' : false
const documents = metadataDocument({ userData: '#!/bin/sh\necho "hello $USER"\n' }, { id: '0badcafe', hostname: 'web1' })

/** Version 2 of the metadata service: a token by PUT, and everything else for those that have one (src/vmm/src/mmds in Firecracker). */
function service(): Server {
  return createServer((incoming, outgoing) => {
    const { method, url = '', headers } = incoming
    if (method === 'PUT' && url === '/latest/api/token' && headers['x-metadata-token-ttl-seconds'] !== undefined) {
      outgoing.writeHead(200, { 'content-length': 6 }).end('s3cret')
      return
    }
    const told = (documents.latest as Record<string, string | undefined>)[url.replace('/latest/', '')]
    const status = headers['x-metadata-token'] !== 's3cret' ? 401 : told === undefined ? 404 : 200
    const body = status === 200 ? told : ''
    outgoing.writeHead(status, { 'content-length': Buffer.byteLength(body ?? '') }).end(body)
  })
}

suite('the guest asks the metadata service', { skip }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'vmm-mmds-'))
  const server = service()
  before(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)))
  after(() => {
    server.close()
    rmSync(directory, { recursive: true })
  })

  /** Runs words of the script as the init of the guest does. */
  function sourced(words: string): Promise<{ status: number; stdout: string }> {
    const fail = 'fail() { echo "failed: $*"; exit 9; }'
    return new Promise((resolve) => {
      execFile('busybox', ['sh', '-c', `${fail}; . ${script}; ${words}`], (error, stdout) => {
        resolve({ status: error === null ? 0 : Number(error.code), stdout })
      })
    })
  }

  test('with a token, and writes what it is told where cloud-init looks', async () => {
    const seed = join(directory, 'seed')
    const { port } = server.address() as AddressInfo
    assert.deepEqual(await sourced(`fetch_seed 127.0.0.1 ${port} ${seed}`), { status: 0, stdout: '' })
    for (const [name, content] of Object.entries(documents.latest)) {
      assert.equal(readFileSync(join(seed, name), 'utf8'), content)
      assert.equal(statSync(join(seed, name)).mode & 0o777, 0o600)
    }
    assert.equal(statSync(seed).mode & 0o777, 0o700)
  })

  test('and says when nobody answers', async () => {
    const { status, stdout } = await sourced(`fetch_seed 127.0.0.1 1 ${join(directory, 'none')}`)
    assert.equal(status, 9)
    assert.match(stdout, /failed: no metadata service answers at 127\.0\.0\.1/)
  })
})
