import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { renderUnit, renderUnits, unitNames } from './render.ts'

test('the units', (t: TestContext) => {
  const units = renderUnits({ program: ['/usr/bin/vmm'], data: '/var/lib/vmm', config: '/home/ada/.config' })
  assert.deepEqual([...units.keys()], [...unitNames])
  for (const [name, text] of units) {
    t.assert.fileSnapshot(text, `${import.meta.dirname}/golden/${name}`, { serializers: [(each: unknown) => String(each)] })
  }
})

test('words with blanks and signs of systemd stay what they are', () => {
  const unit = renderUnit({ program: ['/opt/my vmm/100%/$x', 'main.ts'], data: '/srv/a%b' })
  assert.match(unit, /^ExecStart=-"\/opt\/my vmm\/100%%\/\$\$x" main\.ts autostart$/m)
  assert.match(unit, /^Environment=VMM_DATA_DIR=\/srv\/a%%b$/m)
  const rules = renderUnits({ program: ['vmm'], data: '/srv/a%[b]', config: '/home/a b/.config' }).get('vmm-rules.service') ?? ''
  assert.match(rules, /^ConditionPathExistsGlob=\|\/srv\/a%%\\\[b\\\]\/net\/vmm-\*\.json$/m)
  assert.match(rules, /^Environment=VMM_DATA_DIR=\/srv\/a%%\[b\]|"VMM_DATA_DIR=\/srv\/a%%\[b\]" "XDG_CONFIG_HOME=\/home\/a b\/\.config"$/m)
})
