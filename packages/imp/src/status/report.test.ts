import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { drawStatus, type Status } from './report.ts'

const bare: Status = {
  target: 'namespace dataplane',
  interrupted: false,
  candidate: { changes: 0 },
  scheduled: [],
  daemons: [],
  missing: [],
  interfaces: [],
  sessions: [],
  findings: [],
}
const plain = { width: 80, colour: false }

suite('the state of a router', () => {
  test('of one that was never configured', () => {
    assert.equal(drawStatus(bare, plain), 'namespace dataplane: no configuration was applied yet\ndaemons  none')
  })

  test('of one at work, with all that waits and is wrong', () => {
    const status: Status = {
      ...bare,
      hostname: 'edge1',
      appliedAt: '2026-11-22T12:00:00.000Z',
      interrupted: true,
      commit: { number: 4, who: 'anna', when: '2026-11-22T12:00:00.000Z', deadline: '2026-11-22T12:05:00.000Z', left: 200_000 },
      candidate: { changes: 2 },
      scheduled: [{ number: 1, at: '2026-11-23T03:00:00.000Z', who: 'ben' }],
      daemons: [{ daemon: 'zebra', pid: 7 }],
      missing: ['bgpd'],
      interfaces: [
        { name: 'wan', state: 'up' },
        { name: 'lan', state: 'no carrier' },
      ],
      sessions: [{ peer: '192.0.2.1', asn: 64496, state: 'Active', dropped: 1, received: 0, sent: 0 }],
      routes: { ipv4: 12, ipv6: 3 },
      nat: { tracked: 10, maximum: 65536, insertFailed: 1, untranslatable: 2 },
      findings: [{ path: 'routes', severity: 'warning', message: 'there is no IPv4 default route' }],
    }
    assert.equal(
      drawStatus(status, plain),
      [
        'namespace dataplane: edge1, applied at 2026-11-22T12:00:00.000Z',
        'a change was interrupted: imp recover',
        'commit 4 of anna is in force, taken back in 3 m 20 s unless confirmed: imp confirm',
        '2 changes in the candidate: imp diff, imp commit',
        'commit of ben at 2026-11-23T03:00:00.000Z: imp schedule cancel 1',
        'daemons     zebra; missing: bgpd',
        'interfaces  1 of 2 up; not: lan (no carrier)',
        'sessions    0 of 1 up; not: 192.0.2.1 (Active)',
        'routes      12 IPv4, 3 IPv6',
        'NAT         10 of 65536 flows, 3 dropped',
        '',
        'PEER       AS        STATE   RECEIVED  SENT',
        '192.0.2.1  AS 64496  Active  0 in      0 out',
        '',
        'warning  routes  there is no IPv4 default route',
      ].join('\n'),
    )
  })
})
