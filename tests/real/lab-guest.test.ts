/** Labs with a microVM: boots, gets its files and commands, is reached both ways, and goes without a trace when a command is killed. */
import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { suite, test } from 'node:test'
import { bench, failing, frr, missing, qemu, succeeds } from './lab-fixture.ts'

const files = {
  'lab.yaml': `name: placeholder
topology:
  nodes:
    near: {kind: host, exec: [ip address add 192.0.2.1/24 dev eth1, ip address add 198.51.100.1/24 dev eth2]}
    guest:
      kind: microvm
      binds: ["greeting.txt:/etc/lab/greeting"]
      exec:
        - ip address add 192.0.2.2/24 dev eth1
        - ip address add 198.51.100.2/24 dev eth2
        - {command: sleep 1000, background: true}
  links:
    - endpoints: ["near:eth1", "guest:eth1"]
    - endpoints: ["near:eth2", "guest:eth2"]
verify:
  - reach: {from: near, to: 192.0.2.2}
  - reach: {from: guest, to: 192.0.2.1}
  - reach: {from: guest, to: 198.51.100.1}
  - seen-as: {from: guest, to: 192.0.2.1, address: 192.0.2.2}
  - seen-as: {from: guest, to: 192.0.2.1, protocol: udp, address: 192.0.2.2}
`,
  'greeting.txt': 'good day\n',
}

const why = missing(frr, qemu)

suite('labs with a microVM', { skip: why ?? false }, () => {
  test('a guest of two cards is reached, has its files, runs its program, and is gone after down', async (t) => {
    const lab = await bench(t, files)
    await succeeds(lab, 'lab', 'up', lab.file)
    assert.deepEqual(failing(await lab.verify()), [])
    assert.equal(await succeeds(lab, 'lab', 'exec', lab.name, 'guest', '--', 'cat', '/etc/lab/greeting'), 'good day\n')
    assert.match(await succeeds(lab, 'lab', 'exec', lab.name, 'guest', '--', 'ps', 'ax'), /sleep 1000/)
    assert.equal((await lab.imp('lab', 'exec', lab.name, 'guest', '--', 'bash', '-c', 'exit 7')).status, 7)
    const before = await succeeds(lab, 'lab', 'exec', lab.name, 'guest', '--', 'cat', '/proc/sys/kernel/random/boot_id')
    assert.match(await succeeds(lab, 'lab', 'up', lab.file), /0 nodes started, 2 kept/)
    assert.equal(await succeeds(lab, 'lab', 'exec', lab.name, 'guest', '--', 'cat', '/proc/sys/kernel/random/boot_id'), before)
    await succeeds(lab, 'lab', 'down', lab.file)
    assert.deepEqual(await lab.remains(), [])
    assert.deepEqual(await lab.machines(), [])
  })

  test('an up that is interrupted while the guest boots takes everything back', async (t) => {
    const lab = await bench(t, files)
    const { status } = await lab.interruptedWhen(/"started".*wait for the guest/, 'lab', 'up', lab.file)
    assert.equal(status, 130)
    assert.deepEqual(await lab.remains(), [])
    assert.deepEqual(await lab.machines(), [])
  })

  test('down finds machines whose lab was forgotten, as after a restart of this computer', async (t) => {
    const lab = await bench(t, files)
    await lab.killedWhen(/"started".*wait for the guest/, 'lab', 'up', lab.file)
    // While the guest boots: after the engine has been started, before the guest answers.
    await rm(`${lab.runDirectory}/lab`, { recursive: true })
    await succeeds(lab, 'lab', 'down', lab.name)
    assert.deepEqual(await lab.remains(), [])
    assert.deepEqual(await lab.machines(), [])
  })

  test('a guest that died is booted anew by the next up', async (t) => {
    const lab = await bench(t, files)
    await succeeds(lab, 'lab', 'up', lab.file)
    await lab.inside('guest', 'pkill', '-KILL', '--ns', 'self', '--nslist', 'net', 'qemu')
    await succeeds(lab, 'lab', 'up', lab.file)
    assert.deepEqual(failing(await lab.verify()), [])
  })
})
