/** Modules of the later layout: the one for NAT is a part of the configuration here, others stay modules. */
import { Name } from '@imp/kit/base/schema.ts'
import type { Ledger } from '../ledger.ts'
import { given, listed, type DraftOf, type RouterDraft } from '../model.ts'
import { firstGood } from '../names.ts'
import { moveTranslation } from '../reference/nat.ts'
import { isNat, runningNat, type InterfacesDocument, type NatModule } from './schema.ts'

function moveNatModule(ledger: Ledger, module: NatModule, from: string): Pick<RouterDraft, 'nat'> {
  const moved = moveTranslation(ledger, module.config ?? {}, `${from}.config`)
  const to = moved.nat === undefined ? [] : ['nat']
  ledger.changed(`${from}.name`, to, 'translation is no module here')
  ledger.kept(`${from}.enabled`, to)
  ledger.expect(`${from}.config.source_interfaces`)
  for (const index of (module.config?.source_interfaces ?? []).keys()) {
    ledger.derived(`${from}.config.source_interfaces[${index}]`, [], 'what is translated follows from the inside networks')
  }
  return moved
}

function moveOtherName(ledger: Ledger, old: string, taken: readonly (string | undefined)[], from: string, to: string): string {
  const base = old
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
  const isFree = (name: string): boolean => Name.safeParse(name).success && !taken.includes(name)
  const name = isFree(old) ? old : firstGood(base === '' ? 'module' : base, 63, isFree)
  if (name === old) ledger.kept(from, to)
  else
    ledger.changed(from, to, `${JSON.stringify(old)} becomes ${name}: names of modules are unique, of lower case letters, digits and "-"`)
  return name
}

/** Translation and the other modules. A NAT module that is off, or a second one, has no place. */
export function moveModules(ledger: Ledger, old: InterfacesDocument): Pick<RouterDraft, 'nat' | 'modules'> {
  const running = runningNat(old)
  const modules: DraftOf<'modules'>[] = []
  ledger.expect('modules')
  for (const [index, module] of (old.modules ?? []).entries()) {
    const [from, to] = [`modules[${index}]`, `modules[${modules.length}]`]
    if (isNat(module)) {
      if (index !== running?.index) ledger.whole(from, 'dropped', [], running === undefined ? 'NAT is off' : 'there is another one')
      continue
    }
    const name = moveOtherName(
      ledger,
      module.name,
      modules.map((each) => each.name),
      `${from}.name`,
      `${to}.name`,
    )
    ledger.kept(`${from}.enabled`, `${to}.enabled`)
    ledger.whole(`${from}.config`, 'kept', `${to}.config`, 'its own program has to understand it')
    modules.push({
      name,
      ...given('enabled', module.enabled),
      ...given('config', Object.keys(module.config ?? {}).length === 0 ? undefined : module.config),
    })
  }
  const nat = running === undefined ? {} : moveNatModule(ledger, running.module, `modules[${running.index}]`)
  return { ...nat, ...listed('modules', modules) }
}
