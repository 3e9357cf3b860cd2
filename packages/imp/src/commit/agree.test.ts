import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Ask, Reply } from '@imp/kit/op/ask.ts'
import type { Disruption } from '@imp/kit/plan/step.ts'
import { agree } from './agree.ts'
import type { RouterPlan } from './router.ts'

function asking(reply: Reply<boolean>, asked: string[] = []): Ask {
  const unasked = (): Promise<never> => Promise.reject(new Error('nobody was to be asked this'))
  const confirm: Ask['confirm'] = ({ help = '' }) => {
    asked.push(help)
    return Promise.resolve(reply)
  }
  return { text: unasked, choice: unasked, several: unasked, secret: unasked, tell: () => undefined, confirm }
}

function plan(disruption: Disruption): RouterPlan {
  return { steps: [{ kind: 'links', summary: 'lan down', disruption, data: {} }], effects: ['lan down: brief'], summary: 'touches all' }
}

suite('asking before a commit', () => {
  test('says what is disturbed and whom, and takes no for an answer', async () => {
    const asked: string[] = []
    await assert.rejects(agree({ ask: asking({ reply: 'value', value: false }, asked) }, plan('restart')), { code: 'failed' })
    await assert.rejects(agree({ ask: asking({ reply: 'cancelled' }) }, plan('restart')), { code: 'failed' })
    await agree({ ask: asking({ reply: 'value', value: true }) }, plan('restart'))
    assert.deepEqual(asked, ['lan down: brief\ntouches all'])
  })

  test('is left out when nothing is disturbed, with --yes, and where nobody is', async () => {
    const asked: string[] = []
    const ask = asking({ reply: 'value', value: false }, asked)
    await agree({ ask }, plan('none'))
    await agree({ ask, yes: true }, plan('restart'))
    await agree({}, plan('restart'))
    assert.deepEqual(asked, [])
  })
})
