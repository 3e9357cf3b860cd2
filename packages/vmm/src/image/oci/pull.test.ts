import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { gzipSync } from 'node:zlib'
import type { Report } from '@imp/kit/base/events.ts'
import { Fault } from '@imp/kit/base/fault.ts'
import { localHost } from '@imp/kit/host/local.ts'
import { mergeLayers } from './merge.ts'
import { pullImage, type PullOptions } from './pull.ts'
import { Reference } from './reference.ts'
import { file, sha256, tarOf } from './sample.ts'
import type { Source } from './source.ts'

const archive = tarOf([file('etc/motd', 'welcome '.repeat(500))])
const layer = gzipSync(archive)
const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value))

const config = json({
  architecture: 'amd64',
  os: 'linux',
  config: { Cmd: ['sh'] },
  rootfs: { type: 'layers', diff_ids: [sha256(archive)] },
})
const describe = (blob: Buffer): { digest: string; size: number } => ({ digest: sha256(blob), size: blob.length })
const manifest = json({ schemaVersion: 2, config: describe(config), layers: [describe(layer)] })
const index = json({ schemaVersion: 2, manifests: [{ ...describe(manifest), platform: { os: 'linux', architecture: 'amd64' } }] })

type Answer = (request: IncomingMessage, response: ServerResponse, port: number) => boolean

/** A registry that has one image, after what `answer` does first. */
async function registryFor(t: TestContext, answer: Answer = () => false): Promise<{ name: string; asked: string[] }> {
  const asked: string[] = []
  const blobs = new Map([config, layer].map((blob) => [sha256(blob), blob]))
  const server = createServer((request, response) => {
    asked.push(request.url ?? '')
    if (answer(request, response, (server.address() as AddressInfo).port)) return
    const url = request.url ?? ''
    const blob = blobs.get(url.split('/').at(-1) ?? '')
    const from = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0)
    if (url === '/v2/team/web/manifests/1') response.end(index)
    else if (url === `/v2/team/web/manifests/${sha256(manifest)}`) response.end(manifest)
    else if (blob === undefined) response.writeHead(404).end('{"errors":[{"code":"MANIFEST_UNKNOWN","message":"unknown"}]}')
    else if (from > 0)
      response.writeHead(206, { 'content-range': `bytes ${from}-${blob.length - 1}/${blob.length}` }).end(blob.subarray(from))
    else response.end(blob)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  return { name: `127.0.0.1:${(server.address() as AddressInfo).port}/team/web`, asked }
}

async function pull(
  t: TestContext,
  name: string,
  more: Partial<PullOptions> = {},
  architecture = 'amd64',
): Promise<{ source: Source; directory: string }> {
  const directory = mkdtempSync(join(tmpdir(), 'blobs-'))
  t.after(() => rmSync(directory, { recursive: true }))
  return { directory, source: await pullInto(name, directory, more, architecture) }
}

function pullInto(
  name: string,
  directory: string,
  more: Partial<PullOptions> = {},
  architecture = 'amd64',
  report: Report = () => undefined,
): Promise<Source> {
  const local = localHost()
  // Nobody waits before another attempt.
  const host = { ...local, clock: { ...local.clock, sleep: () => Promise.resolve() } }
  const context = { host, report, signal: new AbortController().signal }
  return pullImage(context, Reference.parse(name), directory, { most: 2 ** 30, ...more, architecture })
}

async function faultOf(work: Promise<unknown>): Promise<Fault> {
  try {
    await work
  } catch (error) {
    if (error instanceof Fault) return error
    throw error
  }
  return assert.fail('nothing was thrown')
}

test('an image comes by way of its index, each part checked, and only once', async (t) => {
  const { name, asked } = await registryFor(t)
  const { source, directory } = await pull(t, `${name}:1`)
  assert.equal(source.digest, sha256(manifest))
  assert.deepEqual(source.config?.config?.Cmd, ['sh'])
  assert.deepEqual([...(await mergeLayers(source.layers)).winners.keys()], ['etc/motd'])
  const before = asked.length
  await pullInto(`${name}:1`, directory)
  assert.deepEqual(
    asked.slice(before).filter((url) => url.includes('/blobs/')),
    [],
  )
})

test('a download that was cut off goes on where it stopped', async (t) => {
  const ranges: (string | undefined)[] = []
  const { name } = await registryFor(t, (request) => {
    if (request.url?.endsWith(sha256(layer)) === true) ranges.push(request.headers.range)
    return false
  })
  const { directory } = await pull(t, `${name}:1`)
  const path = join(directory, sha256(layer).slice('sha256:'.length))
  rmSync(path)
  writeFileSync(`${path}.partial`, layer.subarray(0, 20))
  await pullInto(`${name}:1`, directory)
  assert.deepEqual(ranges, ['bytes=0-', 'bytes=20-'])
  assert.deepEqual(readFileSync(path), layer)
})

test('a connection that breaks is followed by another, which goes on where it stopped', async (t) => {
  const ranges: (string | undefined)[] = []
  let counted = 0
  let broken = (): void => undefined
  const { name } = await registryFor(t, (request, response) => {
    if (request.url?.endsWith(sha256(layer)) !== true) return false
    ranges.push(request.headers.range)
    const from = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1])
    if (from + 20 >= layer.length || ranges.length > 3) return false
    const head = from === 0 ? {} : { 'content-range': `bytes ${from}-${layer.length - 1}/${layer.length}` }
    response.writeHead(from === 0 ? 200 : 206, { ...head, 'content-length': layer.length - from })
    response.write(layer.subarray(from, from + 20))
    // It breaks when what it brought has arrived.
    broken = () => response.destroy()
    return true
  })
  const directory = mkdtempSync(join(tmpdir(), 'blobs-'))
  t.after(() => rmSync(directory, { recursive: true }))
  await pullInto(`${name}:1`, directory, {}, 'amd64', (event) => {
    if (event.event !== 'progress') return
    if (event.done > counted) broken()
    counted = event.done
  })
  assert.deepEqual(ranges, ['bytes=0-', 'bytes=20-', 'bytes=40-', 'bytes=60-'])
  assert.deepEqual(readFileSync(join(directory, sha256(layer).slice('sha256:'.length))), layer)
  assert.equal(counted, layer.length, 'what came twice is told once')
})

test('a registry that is busy is asked again, one that wants to be left alone is not', async (t) => {
  const times = new Map<string, number>()
  const busy = (after: string | undefined): Answer => {
    return (request, response) => {
      const url = request.url ?? ''
      times.set(url, (times.get(url) ?? 0) + 1)
      if (after === undefined && (times.get(url) ?? 0) > 2) return false
      response.writeHead(after === undefined ? 503 : 429, after === undefined ? {} : { 'retry-after': after }).end('busy')
      return true
    }
  }
  const { name } = await registryFor(t, busy(undefined))
  await pull(t, `${name}:1`)
  assert.deepEqual([...new Set(times.values())], [3])
  times.clear()
  assert.equal((await faultOf(pull(t, `${(await registryFor(t, busy('21600'))).name}:1`))).code, 'busy')
  assert.deepEqual([...times.values()], [1])
})

test('a mirror is asked first, the registry itself where it fails, and both are held to the digests', async (t) => {
  const registry = await registryFor(t)
  const addressOf = (name: string): string => `http://${name.split('/')[0]}/docker`
  const mirror = await registryFor(t, (request) => {
    request.url = (request.url ?? '').replace(/^\/docker/, '')
    return false
  })
  const { source } = await pull(t, `${registry.name}:1`, { mirrors: [{ address: addressOf(mirror.name) }] })
  assert.equal(source.digest, sha256(manifest))
  assert.equal(registry.asked.join(), '')

  const half = await registryFor(t, (request, response) => {
    request.url = (request.url ?? '').replace(/^\/docker/, '')
    if (!request.url.includes('/blobs/')) return false
    response.writeHead(404).end()
    return true
  })
  await pull(t, `${registry.name}:1`, { mirrors: [{ address: 'http://127.0.0.1:1' }, { address: addressOf(half.name) }] })
  assert.ok(
    registry.asked.every((url) => url.includes('/blobs/')),
    String(registry.asked),
  )
})

test('an identity token is given for a token', async (t) => {
  const bodies: string[] = []
  const { name } = await registryFor(t, (request, response, port) => {
    if (request.url === '/token' && request.method === 'POST') {
      request.on('data', (chunk: Buffer) => bodies.push(chunk.toString()))
      request.on('end', () => response.end('{"access_token":"secret"}'))
      return true
    }
    if (request.headers.authorization === 'Bearer secret') return false
    response.writeHead(401, { 'www-authenticate': `Bearer realm="http://127.0.0.1:${port}/token",service="s"` }).end()
    return true
  })
  await pull(t, `${name}:1`, { credentials: { identityToken: 'long' } })
  assert.deepEqual(
    [...new URLSearchParams(bodies[0])],
    [
      ['grant_type', 'refresh_token'],
      ['refresh_token', 'long'],
      ['client_id', 'vmm'],
      ['scope', 'repository:team/web:pull'],
      ['service', 's'],
    ],
  )
})

test('a token is asked for, with the password where there is one', async (t) => {
  const tokens: (string | undefined)[] = []
  const { name } = await registryFor(t, (request, response, port) => {
    if (request.url?.startsWith('/token') === true) {
      tokens.push(`${request.url} ${request.headers.authorization}`)
      response.end('{"token":"secret"}')
      return true
    }
    if (request.headers.authorization === 'Bearer secret') return false
    response
      .writeHead(401, { 'www-authenticate': `Bearer realm="http://127.0.0.1:${port}/token",service="s",scope="repository:team/web:pull"` })
      .end()
    return true
  })
  await pull(t, `${name}:1`, { credentials: { user: 'ada', password: 'p' } })
  assert.deepEqual(tokens, [`/token?service=s&scope=repository%3Ateam%2Fweb%3Apull Basic ${Buffer.from('ada:p').toString('base64')}`])
})

test('a password is not sent in the clear to another machine', async (t) => {
  const { name } = await registryFor(t, (_request, response) => {
    response.writeHead(401, { 'www-authenticate': 'Bearer realm="http://192.0.2.1/token"' }).end()
    return true
  })
  const fault = await faultOf(pull(t, `${name}:1`, { credentials: { user: 'ada', password: 'p' } }))
  assert.equal(fault.code, 'denied')
  assert.match(fault.message, /not encrypted/)
})

test('what is wrong is told, and nothing broken is kept', async (t) => {
  const { name } = await registryFor(t)
  assert.equal((await faultOf(pull(t, `${name}:2`))).message, 'the registry has no team/web:2')
  assert.match((await faultOf(pull(t, `${name}:1`, {}, 'arm64'))).message, /for linux\/arm64/)
  assert.equal((await faultOf(pull(t, '127.0.0.1:1/team/web:1'))).message, 'the registry 127.0.0.1:1 cannot be reached')

  const other = await registryFor(t, (request, response) => {
    if (request.url?.endsWith(sha256(layer)) !== true) return false
    response.end(Buffer.from(layer).fill(7, 30, 40))
    return true
  })
  const directory = mkdtempSync(join(tmpdir(), 'blobs-'))
  t.after(() => rmSync(directory, { recursive: true }))
  assert.match((await faultOf(pullInto(`${other.name}:1`, directory))).message, /^what came for sha256:\w+ has the digest/)
  assert.deepEqual(readdirSync(directory), [sha256(config).slice('sha256:'.length)])

  const short = await registryFor(t, (request, response) => {
    if (request.url?.endsWith(sha256(layer)) !== true) return false
    response.end(layer.subarray(0, 50))
    return true
  })
  assert.match((await faultOf(pull(t, `${short.name}:1`))).message, /was cut off at 50 of/)
  const long = await registryFor(t, (request, response) => {
    if (request.url?.endsWith(sha256(layer)) !== true) return false
    response.end(Buffer.concat([layer, layer]))
    return true
  })
  assert.match((await faultOf(pull(t, `${long.name}:1`))).message, /is longer than/)
})

test('a page without an end is no reason to wait, nor are layers that would fill the disk', async (t) => {
  let pages = 0
  const { name } = await registryFor(t, (_request, response) => {
    pages += 1
    response.writeHead(404)
    // As fast as it is read, until the other side has gone.
    const write = (): void => {
      while (!response.destroyed && response.write(Buffer.alloc(1 << 16, 'no '))) continue
    }
    response.on('drain', write)
    write()
    return true
  })
  assert.equal((await faultOf(pull(t, `${name}:1`))).code, 'not-found')
  assert.equal(pages, 1)

  const { name: honest, asked } = await registryFor(t)
  assert.match((await faultOf(pull(t, `${honest}:1`, { most: layer.length - 1 }))).message, /more than/)
  assert.ok(!asked.some((url) => url.endsWith(sha256(layer))))
})

test('what a registry sends elsewhere for comes without the login', async (t) => {
  const logins: (string | undefined)[] = []
  const other = await registryFor(t, (request) => {
    logins.push(request.headers.authorization)
    return false
  })
  const { name } = await registryFor(t, (request, response) => {
    if (request.headers.authorization === undefined) response.writeHead(401, { 'www-authenticate': 'Basic realm="r"' }).end()
    else response.writeHead(307, { location: `http://${other.name.split('/')[0]}${request.url}` }).end()
    return true
  })
  await pull(t, `${name}:1`, { credentials: { user: 'ada', password: 'secret' } })
  assert.deepEqual(new Set(logins), new Set([undefined]))
  assert.ok(logins.length >= 4)
})

test('a registry that sends in circles is given up', async (t) => {
  let asked = 0
  const { name } = await registryFor(t, (request, response) => {
    asked += 1
    response.writeHead(302, { location: request.url }).end()
    return true
  })
  assert.match((await faultOf(pull(t, `${name}:1`))).detail ?? '', /circles/)
  assert.equal(asked, 21)
})
