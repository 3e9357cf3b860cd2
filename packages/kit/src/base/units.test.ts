import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatBytes, formatDuration, parseDuration, parseRate } from './units.ts'

test('durations', () => {
  const good = { '500ms': 500, '30s': 30_000, '1.5s': 1500, '5m': 300_000, '2h': 7_200_000, '1d': 86_400_000, '0s': 0 }
  for (const [text, ms] of Object.entries(good)) assert.equal(parseDuration(text), ms)
  for (const text of ['', '5', 's', '-5s', '5 s', '5S', '1e3s', '.5s']) assert.throws(() => parseDuration(text), { code: 'input' }, text)
})

test('durations for people', () => {
  const table: [number, string][] = [
    [0, '0 ms'],
    [830, '830 ms'],
    [4200, '4.2 s'],
    [200_000, '3 m 20 s'],
    [7_500_000, '2 h 5 m'],
  ]
  for (const [ms, text] of table) assert.equal(formatDuration(ms), text)
})

test('bytes for people', () => {
  const table: [number, string][] = [
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1.0 KiB'],
    [1.5 * 2 ** 30, '1.5 GiB'],
    [2 ** 52, '4096.0 TiB'],
  ]
  for (const [bytes, text] of table) assert.equal(formatBytes(bytes), text)
})

test('rates', () => {
  const good = { '8bit': 8, '800kbit': 800_000, '10mbit': 10_000_000, '1gbit': 1_000_000_000, '2.5gbit': 2_500_000_000 }
  for (const [text, rate] of Object.entries(good)) assert.equal(parseRate(text), rate)
  for (const text of ['', '10', '10mbps', '-1mbit', '10 mbit']) assert.throws(() => parseRate(text), { code: 'input' }, text)
})
