import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { renderUnit } from './render.ts'

test('the unit', (t: TestContext) => {
  t.assert.fileSnapshot(renderUnit({ program: ['/usr/bin/vmm'], data: '/var/lib/vmm' }), `${import.meta.dirname}/golden/vmm.service`, {
    serializers: [(text: unknown) => String(text)],
  })
})

test('words with blanks and signs of systemd stay what they are', () => {
  const unit = renderUnit({ program: ['/opt/my vmm/100%/$x', 'main.ts'], data: '/srv/a%b' })
  assert.match(unit, /^ExecStart="\/opt\/my vmm\/100%%\/\$\$x" main\.ts autostart$/m)
  assert.match(unit, /^Environment=VMM_DATA_DIR=\/srv\/a%%b$/m)
})
