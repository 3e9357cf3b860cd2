import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { fakeHost } from '@imp/kit/host/fake.ts'
import { fitScreen, watch, type Screen } from './watch.ts'

function screenInto(written: string[]): Screen {
  return {
    rows: 4,
    columns: 20,
    write: (chunk: string | Uint8Array) => {
      written.push(String(chunk))
      return true
    },
  }
}

suite('watching', () => {
  test('draws each look anew until it is interrupted, leaves the screen and returns the last look', async () => {
    const interruption = new AbortController()
    const written: string[] = []
    let looks = 0
    const ask = (): Promise<number> => {
      looks += 1
      if (looks === 3) interruption.abort()
      return Promise.resolve(looks)
    }
    const context = { host: fakeHost(), signal: interruption.signal, interactive: true, passthrough: true }
    const last = await watch(context, screenInto(written), ask, (seen) => `look ${seen}`)
    assert.equal(last, 3)
    const drawn = written.filter((text) => text.includes('look'))
    assert.deepEqual(
      drawn.map((text) => text.split('\n').at(-1)),
      ['look 1', 'look 2'],
    )
    assert.ok(drawn[1]?.startsWith('\x1b[H\x1b[J00:00:02 UTC'))
    assert.equal(written[0], '\x1b[?1049h\x1b[?25l')
    assert.equal(written.at(-1), '\x1b[?25h\x1b[?1049l')
  })

  test('leaves the screen also when a look fails', async () => {
    const written: string[] = []
    let looks = 0
    const ask = (): Promise<number> => {
      looks += 1
      return looks === 1 ? Promise.resolve(1) : Promise.reject(new Error('gone'))
    }
    const context = { host: fakeHost(), signal: new AbortController().signal, interactive: true, passthrough: true }
    await assert.rejects(watch(context, screenInto(written), ask, String), /gone/)
    assert.equal(written.at(-1), '\x1b[?25h\x1b[?1049l')
  })

  test('is refused where nobody could end it', async () => {
    for (const [interactive, passthrough] of [
      [false, true],
      [true, false],
    ] as const) {
      const context = { host: fakeHost(), signal: new AbortController().signal, interactive, passthrough }
      const watching = watch(context, screenInto([]), () => Promise.resolve(1), String)
      await assert.rejects(watching, { code: 'input', message: /needs a terminal/ })
    }
  })

  test('shows only what fits, and says so', () => {
    assert.equal(fitScreen('1\n2\n3\n4', { rows: 4, columns: 20 }), '1\n2\n3\n4')
    assert.equal(fitScreen('1\n2\n3\n4\n5', { rows: 4, columns: 20 }), '1\n2\n3\n... 2 more lines')
    assert.equal(fitScreen('a line of more columns', { rows: 4, columns: 8 }), 'a line …')
    assert.equal(fitScreen('\x1b[2Jsteers', { rows: 4, columns: 8 }), 'steers')
  })
})
