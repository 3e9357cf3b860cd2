import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { fakeHost } from '@imp/kit/host/fake.ts'
import { remoteRecorder } from './recorder.ts'
import { recording } from './tcpdump.ts'

const directory = '/var/tmp/imp-captures/loss'
const capture = { interface: 'wan', filter: '-x', maxSizeMib: 2, maxSeconds: 60, startedAt: '2026-03-01T12:00:00.000Z' }

suite('a recording on another machine', () => {
  test('has its limits from programs of that machine, and nothing of a filter is an option', async () => {
    const host = fakeHost()
    await remoteRecorder(host).start(directory, recording(capture, `${directory}/loss.pcap`))
    assert.deepEqual(host.changes, [
      [
        `start-stop-daemon --start --background --make-pidfile --pidfile ${directory}/tcpdump.pid --output ${directory}/tcpdump.log`,
        '--startas /usr/bin/prlimit -- --fsize=2097152 --core=0 -- timeout --kill-after=5 60',
        `tcpdump -n -U -i wan -w ${directory}/loss.pcap -- -x`,
      ].join(' '),
    ])
  })

  test('is found and ended by its pid together with the name of its program', async () => {
    const ours = `--pidfile ${directory}/tcpdump.pid --name timeout`
    const host = fakeHost({ answers: { [`start-stop-daemon --status ${ours}`]: '' } })
    assert.equal(await remoteRecorder(host).isRunning(directory), true)
    await remoteRecorder(host).stop(directory)
    assert.deepEqual(host.changes, [`start-stop-daemon --stop --oknodo --remove-pidfile --retry TERM/5/KILL/5 ${ours}`])
  })
})
