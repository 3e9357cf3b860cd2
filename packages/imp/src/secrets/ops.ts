/** What a person can do with secrets: set them, see which there are, delete them. Values go in and never come out. */
import { z } from 'zod'
import { Fault } from '@imp/kit/base/fault.ts'
import { table } from '@imp/kit/base/text.ts'
import { operation, planned, type AnyOperation } from '@imp/kit/op/operation.ts'
import type { Step } from '@imp/kit/plan/step.ts'
import { readCandidate } from '../config/candidate.ts'
import { RouterConfig } from '../config/model.ts'
import type { ImpContext } from '../context.ts'
import { findRunning } from '../pipeline/running.ts'
import { defaultNamespace, type Target } from '../pipeline/target.ts'
import { where, withTarget, type Where } from '../pipeline/where.ts'
import { SecretName } from './model.ts'
import { references } from './references.ts'
import { secretsAt, setSecret } from './store.ts'
import { checkedValue, readValue } from './value.ts'

function step(summary: string): Step {
  return { kind: 'secret', summary, disruption: 'none', data: {} }
}

/** The candidate of whoever asks belongs to the router of this machine. */
async function configurations(context: ImpContext, input: Where, target: Target): Promise<RouterConfig[]> {
  const running = (await findRunning(target))?.config
  const own = input.namespace === defaultNamespace && input.target === undefined && input.stateDirectory === undefined
  const candidate = own ? RouterConfig.safeParse((await readCandidate(context)).document).data : undefined
  return [running, candidate].filter((each) => each !== undefined)
}

/** Places that name secrets, in what runs and in what is about to, by the names of the secrets. */
async function uses(context: ImpContext, input: Where, target: Target): Promise<Map<string, string[]>> {
  const all = (await configurations(context, input, target)).flatMap(references)
  const byName = Map.groupBy(all, ({ name }) => name)
  return new Map([...byName].map(([name, places]) => [name, [...new Set(places.map(({ path }) => path))]]))
}

/** Names of the secrets of the router of this machine, for shells. */
const complete = {
  name: (context: ImpContext): Promise<string[]> =>
    withTarget(context, { namespace: defaultNamespace }, (target) => secretsAt(target.local, target.stateDirectory).names()),
}

const set = operation<ImpContext>()({
  path: ['secret', 'set'],
  summary: 'Set a secret that the configuration names',
  description:
    'The value is asked for without showing it, or read from standard input. Daemons get it at the next apply or commit; plans, history, ' +
    'journals and logs hold its name only.',
  effect: 'write',
  args: ['name'],
  input: z.strictObject({ name: SecretName, ...where }),
  output: z.strictObject({ name: z.string(), changed: z.boolean(), usedBy: z.array(z.string()).describe('places that name it') }),
  examples: ['imp secret set transit1', 'imp secret set transit1 --namespace edge'],
  complete,
  run: (context, { name, ...rest }) =>
    withTarget(context, rest, async (target) => {
      planned(context, [step(`set the secret ${name}`)])
      const value = checkedValue(await readValue(context, name), name)
      const changed = await setSecret(target.local, target.stateDirectory, name, value)
      return { name, changed, usedBy: (await uses(context, rest, target)).get(name) ?? [] }
    }),
  view: ({ name, changed, usedBy }) => {
    if (!changed) return `${name} has this value already`
    if (usedBy.length === 0) return `${name} is set; nothing names it yet`
    return `${name} is set; the next apply or commit gives it to ${usedBy.join(', ')}`
  },
})

const Listed = z.strictObject({
  name: z.string(),
  setAt: z.iso.datetime().describe('when it was set').exactOptional(),
  usedBy: z.array(z.string()).describe('places of the running configuration and of the candidate that name it'),
})

const list = operation<ImpContext>()({
  path: ['secret', 'list'],
  summary: 'List secrets and the places that name them, without values',
  effect: 'read',
  input: z.strictObject(where),
  output: z.array(Listed),
  examples: ['imp secret list'],
  run: (context, input) =>
    withTarget(context, input, async (target) => {
      const secrets = secretsAt(target.local, target.stateDirectory)
      const [names, used] = await Promise.all([secrets.names(), uses(context, input, target)])
      const present = await Promise.all(
        names.map(async (name) => ({ name, setAt: (await secrets.get(name)).setAt, usedBy: used.get(name) ?? [] })),
      )
      const missing = [...used].filter(([name]) => !names.includes(name)).map(([name, usedBy]) => ({ name, usedBy }))
      return [...present, ...missing].toSorted((a, b) => (a.name < b.name ? -1 : 1))
    }),
  view: (all) =>
    all.length === 0
      ? 'no secrets'
      : table([['NAME', 'SET', 'USED BY'], ...all.map((each) => [each.name, each.setAt ?? 'missing', each.usedBy.join(', ')])]).join('\n'),
})

const deleteOperation = operation<ImpContext>()({
  path: ['secret', 'delete'],
  summary: 'Delete a secret that nothing names any more',
  effect: 'destroy',
  args: ['name'],
  input: z.strictObject({ name: SecretName, ...where }),
  output: z.strictObject({ deleted: z.string() }),
  examples: ['imp secret delete transit1'],
  complete,
  run: (context, { name, ...rest }) =>
    withTarget(context, rest, async (target) => {
      const secrets = secretsAt(target.local, target.stateDirectory)
      await secrets.get(name)
      const places = (await uses(context, rest, target)).get(name)
      if (places !== undefined)
        throw new Fault('conflict', `${name} is named by ${places.join(', ')}`, { hint: 'take it out there and commit, then delete it' })
      planned(context, [step(`delete the secret ${name}`)])
      await secrets.remove(name)
      return { deleted: name }
    }),
  view: ({ deleted }) => `${deleted} is deleted`,
})

export const operations: readonly AnyOperation<ImpContext>[] = [set, list, deleteOperation]
