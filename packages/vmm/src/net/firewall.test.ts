import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { renderFirewall, renderNoFirewall } from './firewall.ts'
import { macOfAddress, tapOf, type Member } from './model.ts'
import { sampleBridge } from './sample.ts'

const golden = (name: string): string => join(import.meta.dirname, 'golden', name)
const text = { serializers: [(value: string) => value] }

function member(id: string, address: string, forwards: Member['forwards'] = []): Member {
  return { tap: tapOf(id), mac: macOfAddress(address), address, forwards }
}

const some = [member('0badcafe', '172.16.0.3', [{ host: 8080, guest: 80 }]), member('00000001', '172.16.0.2')]

test('the rules of two machines, one with a forward', (t) => {
  t.assert.fileSnapshot(renderFirewall(sampleBridge, some), golden('two.nft'), text)
})

test('the rules without machines', (t) => {
  t.assert.fileSnapshot(renderFirewall(sampleBridge, []), golden('none.nft'), text)
})

test('nft itself accepts what is rendered', async (t) => {
  const check = (input: string): Promise<string> =>
    new Promise((resolve) => {
      // A user namespace of its own gives the right to look at rules; nothing is changed (-c).
      const child = execFile('unshare', ['-r', '-n', 'nft', '-c', '-f', '-'], (error, _stdout, stderr) =>
        resolve(error === null ? '' : `${error.message}\n${stderr}`),
      )
      child.stdin?.end(input)
    })
  if ((await check('')) !== '') return t.skip('needs nft and user namespaces')
  for (const input of [renderFirewall(sampleBridge, some), renderFirewall(sampleBridge, []), renderNoFirewall(sampleBridge)]) {
    t.assert.equal(await check(input), '')
  }
})
