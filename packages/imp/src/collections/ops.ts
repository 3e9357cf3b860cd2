/**
 * What a person can do with each list and each section of the configuration: list, show, add, set, delete; enable and disable. All of
 * it is derived from the schema of the configuration, and edits the candidate as `imp set` and `imp delete` do.
 */
import { z } from 'zod'
import { Fault } from '@imp/kit/base/fault.ts'
import { jsonPath } from '@imp/kit/base/schema.ts'
import { count } from '@imp/kit/base/text.ts'
import { kebabCase } from '@imp/kit/op/fields.ts'
import { drawFindings, FindingOutput } from '@imp/kit/op/findings.ts'
import { operation, type AnyOperation, type Given, type ViewOptions } from '@imp/kit/op/operation.ts'
import { learnInstalled } from '../commit/edit/ops.ts'
import { adoptRunning, candidateOf, whose, withRouter } from '../commit/ops.ts'
import { drawChanges, ShownChange } from '../commit/view.ts'
import { differences } from '../config/difference.ts'
import { editCandidate, readCandidate } from '../config/candidate.ts'
import type { RouterConfigInput } from '../config/model.ts'
import { pathsOf } from '../config/paths-complete.ts'
import { expectationAt, valuesAt } from '../config/paths-values.ts'
import { parsePath, setAt } from '../config/paths.ts'
import type { ImpContext } from '../context.ts'
import { where, type Where } from '../pipeline/where.ts'
import { entriesOf, findEntry, membersAt, newMember, placeOf, replaceAt, segmentOf, valueAt, withoutMember } from './entry.ts'
import { addInput, exampleOfInput, inputFields, objectOf, shapeOf, type AddInput, type InputField } from './input.ts'
import { oneOf, pluralOf, sectionName, singularOf } from './nouns.ts'
import { exampleOf, fieldOrder, isEnabledByMembers, lists, requiredFields, sections, wordsOf, type Listed } from './schema.ts'
import { drawFields, drawList } from './view.ts'

export const Edited = z.strictObject({
  target: z.string(),
  staged: z.array(ShownChange).describe('what this changed in the candidate'),
  changes: z.int().describe('number of all changes of the candidate: imp diff shows them'),
  findings: z.array(FindingOutput).describe('what a commit would have against it'),
})
export type Edited = z.output<typeof Edited>

export function viewEdited({ staged, changes, findings }: Edited, options: ViewOptions): string {
  const what = staged.length === 0 ? 'nothing changed' : drawChanges(staged)
  const rest = changes === 0 ? 'the candidate is as committed' : `${count(changes, 'change')} in the candidate: imp diff, imp commit`
  return [what, rest, ...(findings.length === 0 ? [] : ['', drawFindings(findings, options)])].join('\n')
}

export const common = { ...whose, ...where }
export type Common = Where & { readonly candidate?: string }

export function edit(
  context: ImpContext,
  input: Common,
  summary: string,
  change: (document: RouterConfigInput) => RouterConfigInput,
): Promise<z.input<typeof Edited>> {
  return withRouter(context, input, async (commits, store) => {
    await adoptRunning(context, commits)
    let staged: readonly ShownChange[] = []
    const changed = (before: RouterConfigInput): RouterConfigInput => {
      const after = change(before)
      staged = differences(before, after)
      return after
    }
    const { changes, findings } = await editCandidate(context, summary, changed, candidateOf(store, input))
    return { target: commits.router.name, staged: [...staged], changes: changes.length, findings: [...findings] }
  })
}

export function look<T>(context: ImpContext, input: Common, use: (document: RouterConfigInput, target: string) => T): Promise<T> {
  return withRouter(context, input, async ({ router }, store) =>
    use((await readCandidate(context, candidateOf(store, input))).document, router.name),
  )
}

export async function candidateDocument(context: ImpContext): Promise<RouterConfigInput> {
  await learnInstalled(context)
  return (await readCandidate(context)).document
}

function textOf(given: Given, key: string): string | undefined {
  const said = given[key]
  return typeof said === 'string' ? said : said?.[0]
}

/** Names of the members of a list, for shells; none where the outer member is not there. */
async function names(context: ImpContext, list: Listed, owner: string | undefined): Promise<readonly string[]> {
  const document = await candidateDocument(context)
  return entriesOf(list, membersAt(document, placeOf(document, list, owner))).map(({ name }) => name)
}

/** The word for the member of the outer list, where there is one. */
interface Owner {
  readonly args: readonly string[]
  readonly flags: Readonly<Record<string, string>>
  readonly shape: Readonly<Record<string, z.ZodType>>
  readonly complete: Readonly<Record<string, (context: ImpContext) => Promise<readonly string[]>>>
  readonly example: string
}

function ownerOf({ within }: Listed): Owner {
  if (within === undefined) return { args: [], flags: {}, shape: {}, complete: {}, example: '' }
  const one = singularOf(within)
  return {
    args: ['owner'],
    flags: { owner: one },
    shape: { owner: z.string().describe(`name of ${oneOf(within)} in the candidate`) },
    complete: { owner: (context) => names(context, within, undefined) },
    example: ` ${exampleName(within)}`,
  }
}

/** A name that a member may have. */
function exampleName(list: Listed): string {
  if (!(list.member instanceof z.ZodObject)) return ''
  const { positional } = addInput(list, list.member)
  return String(positional[0]?.example === 'text' ? 'router-id' : positional[0]?.example)
}

const MemberName = z.string().min(1).describe('its name or key, or [number] from 0')

export type Input = Common & Readonly<Record<string, unknown>>

function nameIn(input: Readonly<Record<string, unknown>>): string {
  return input['name'] as string
}

function ownerIn(input: Input): string | undefined {
  return input['owner'] as string | undefined
}

const Named = z.strictObject({ name: z.string(), value: z.unknown().describe('as router.json has it') })

function listOperation(list: Listed) {
  const owner = ownerOf(list)
  return operation<ImpContext>()({
    path: [...wordsOf(list), 'list'],
    summary: `List the ${pluralOf(list)} in the candidate`,
    description: `${list.description}.`,
    effect: 'read',
    args: owner.args,
    flags: owner.flags,
    input: z.strictObject({ ...owner.shape, ...common }) as z.ZodObject,
    output: z.strictObject({ target: z.string(), entries: z.array(Named) }),
    examples: [`imp ${wordsOf(list).join(' ')} list${owner.example}`],
    complete: owner.complete,
    run: (context, input) =>
      look(context, input as Input, (document, target) => {
        const entries = entriesOf(list, membersAt(document, placeOf(document, list, ownerIn(input as Input))))
        return { target, entries: entries.map(({ name, value }) => ({ name, value })) }
      }),
    view: ({ entries }, { width }) => drawList(entries, width, fieldOrder(list)),
  })
}

function showOperation(list: Listed) {
  const owner = ownerOf(list)
  return operation<ImpContext>()({
    path: [...wordsOf(list), 'show'],
    summary: `Show ${oneOf(list)} of the candidate with all its fields`,
    effect: 'read',
    args: [...owner.args, 'name'],
    flags: owner.flags,
    input: z.strictObject({ ...owner.shape, name: MemberName.exactOptional(), ...common }) as z.ZodObject,
    output: z.strictObject({ target: z.string(), entries: z.array(Named) }),
    examples: [`imp ${wordsOf(list).join(' ')} show${owner.example}`],
    complete: { ...owner.complete, name: (context: ImpContext, given: Given) => names(context, list, textOf(given, 'owner')) },
    run: (context, input) =>
      look(context, input as Input, (document, target) => {
        const members = membersAt(document, placeOf(document, list, ownerIn(input as Input)))
        const entries = input['name'] === undefined ? entriesOf(list, members) : [findEntry(list, members, nameIn(input))]
        return { target, entries: entries.map(({ name, value }) => ({ name, value })) }
      }),
    view: ({ entries }) => (entries.length === 0 ? 'there are none' : entries.map(({ value }) => drawFields(value)).join('\n\n')),
  })
}

/** A `state` fault where the section of a list is not there and needs more than this list: what comes first. */
function requireSection(document: RouterConfigInput, { fields, within }: Listed): void {
  const [field = '', own] = fields
  const section = sections.find((each) => each.field === field)
  if (within !== undefined || own === undefined || section === undefined || valueAt(document, [field]) !== undefined) return
  const needed = requiredFields(section).filter((each) => each !== own)
  if (needed.length === 0) return
  const word = kebabCase(field)
  const first = isEnabledByMembers(section) ? `imp ${word} ${needed.map(kebabCase).join(' ')} add` : `imp ${word} enable`
  throw new Fault('state', `${sectionName(field)} is not configured`, { hint: `${first} comes first` })
}

function addMembers(document: RouterConfigInput, list: Listed, owner: string | undefined, values: readonly unknown[]): RouterConfigInput {
  requireSection(document, list)
  const place = placeOf(document, list, owner)
  const members = values.reduce<readonly unknown[]>((all, value) => [...all, newMember(list, all, value)], membersAt(document, place))
  return replaceAt(document, place, members)
}

function addOperation(list: Listed, object: z.ZodObject) {
  const owner = ownerOf(list)
  const words: AddInput = addInput(list, object)
  const fields = [...words.positional, ...words.flags]
  return operation<ImpContext>()({
    path: [...wordsOf(list), 'add'],
    summary: `Add ${oneOf(list)} to the candidate`,
    description: `${list.description}. imp commit brings the candidate into force.`,
    effect: 'write',
    args: [...owner.args, ...words.positional.map(({ key }) => key)],
    flags: owner.flags,
    input: z.strictObject({ ...owner.shape, ...shapeOf(fields), ...common }) as z.ZodObject,
    output: Edited,
    examples: [`imp ${wordsOf(list).join(' ')} add${owner.example} ${exampleOfInput(words)}`.trim()],
    complete: { ...owner.complete, ...fieldCompleters(fieldsTo(list), fields) },
    run: (context, input) => {
      const value = objectOf(fields, input)
      const name = words.positional.flatMap(({ key }) => (input[key] as string | number | undefined) ?? []).join(' ')
      return edit(context, input as Input, `${wordsOf(list).join(' ')} add ${name}`.trim(), (document) =>
        addMembers(document, list, ownerIn(input as Input), [value]),
      )
    },
    view: viewEdited,
  })
}

/** Values of fields that name something of the candidate: interfaces, addresses. */
export function fieldCompleters(base: readonly (string | number)[], fields: readonly InputField[]) {
  return Object.fromEntries(
    fields.map(({ key, path }) => [key, async (context: ImpContext) => valuesAt(await candidateDocument(context), [...base, ...path])]),
  )
}

/** Fields to a member of a list, with a 0 for each member on the way: what the schema has there. */
function fieldsTo({ fields, within }: Listed): readonly (string | number)[] {
  return [...(within === undefined ? [] : fieldsTo(within)), ...fields, 0]
}

const pathsBelow = (document: RouterConfigInput, place: string): readonly string[] =>
  pathsOf(document).flatMap((path) => (path.startsWith(`${place}.`) ? [path.slice(place.length + 1)] : []))

export const Field = z.string().min(1).max(1000).describe('field, or the path of one inside')
export const Values = z.array(z.string()).min(1).describe('value; several for a list')

/** Path of the member of a list that words call. */
function memberPath(document: RouterConfigInput, list: Listed, owner: string | undefined, name: string): string {
  const place = placeOf(document, list, owner)
  const entry = findEntry(list, membersAt(document, place), name)
  return jsonPath([...place, segmentOf(list, entry)])
}

/** Sets a field below a path, as `imp set` does. */
export function setBelow(document: RouterConfigInput, path: string, field: string, values: readonly string[]): RouterConfigInput {
  const below = field.startsWith('[') ? `${path}${field}` : `${path}.${field}`
  return setAt(document, parsePath(below), values)
}

/** Completers of FIELD and VALUE below the path that the other words call. */
export function belowCompleters(pathOf: (document: RouterConfigInput, given: Given) => string) {
  const placed = async (context: ImpContext, given: Given) => {
    const document = await candidateDocument(context)
    return { document, path: pathOf(document, given) }
  }
  const whole = async (context: ImpContext, given: Given) => {
    const { document, path } = await placed(context, given)
    return { document, segments: parsePath(`${path}.${textOf(given, 'field') ?? ''}`) }
  }
  return {
    complete: {
      field: async (context: ImpContext, given: Given) => {
        const { document, path } = await placed(context, given)
        return pathsBelow(document, path)
      },
      value: async (context: ImpContext, given: Given) => {
        const { document, segments } = await whole(context, given)
        return valuesAt(document, segments)
      },
    },
    expects: { value: async (context: ImpContext, given: Given) => expectationAt((await whole(context, given)).segments) },
  }
}

function setOperation(list: Listed) {
  const owner = ownerOf(list)
  const pathOf = (document: RouterConfigInput, given: Given) =>
    memberPath(document, list, textOf(given, 'owner'), textOf(given, 'name') ?? '')
  const below = belowCompleters(pathOf)
  const [first = 'description'] =
    list.member instanceof z.ZodObject
      ? inputFields(list.member)
          .flatMap(({ key, path }) => (path.length === 1 ? key : []))
          .slice(1)
      : []
  return operation<ImpContext>()({
    path: [...wordsOf(list), 'set'],
    summary: `Set a field of ${oneOf(list)} in the candidate`,
    effect: 'write',
    args: [...owner.args, 'name', 'field', 'value'],
    flags: owner.flags,
    input: z.strictObject({ ...owner.shape, name: MemberName, field: Field, value: Values, ...common }) as z.ZodObject,
    output: Edited,
    examples: [`imp ${wordsOf(list).join(' ')} set${owner.example} ${exampleName(list)} ${first} VALUE`],
    complete: {
      ...owner.complete,
      name: (context: ImpContext, given: Given) => names(context, list, textOf(given, 'owner')),
      ...below.complete,
    },
    expects: below.expects,
    run: (context, input) => {
      const { name, field, value } = input as unknown as { name: string; field: string; value: readonly string[] }
      return edit(context, input as Input, `${wordsOf(list).join(' ')} set ${name} ${field} ${value.join(' ')}`, (document) =>
        setBelow(document, memberPath(document, list, ownerIn(input as Input), name), field, value),
      )
    },
    view: viewEdited,
  })
}

function deleteOperation(list: Listed) {
  const owner = ownerOf(list)
  return operation<ImpContext>()({
    path: [...wordsOf(list), 'delete'],
    summary: `Delete ${oneOf(list)} from the candidate`,
    effect: 'write',
    args: [...owner.args, 'name'],
    flags: owner.flags,
    input: z.strictObject({ ...owner.shape, name: MemberName, ...common }) as z.ZodObject,
    output: Edited,
    examples: [`imp ${wordsOf(list).join(' ')} delete${owner.example} ${exampleName(list) || '[0]'}`],
    complete: { ...owner.complete, name: (context: ImpContext, given: Given) => names(context, list, textOf(given, 'owner')) },
    run: (context, input) => {
      const name = nameIn(input)
      return edit(context, input as Input, `${wordsOf(list).join(' ')} delete ${name}`, (document) => {
        const place = placeOf(document, list, ownerIn(input as Input))
        const left = withoutMember(list, membersAt(document, place), name)
        // As before the first one came.
        return replaceAt(document, place, left.length === 0 && list.isOptional ? undefined : left)
      })
    },
    view: viewEdited,
  })
}

function addValuesOperation(list: Listed) {
  const owner = ownerOf(list)
  const example = (exampleOf(list.member) as string | undefined) ?? 'VALUE'
  return operation<ImpContext>()({
    path: [...wordsOf(list), 'add'],
    summary: `Add to the ${pluralOf(list)} in the candidate`,
    description: `${list.description}. imp commit brings the candidate into force.`,
    effect: 'write',
    args: [...owner.args, 'values'],
    flags: { ...owner.flags, values: 'value' },
    input: z.strictObject({ ...owner.shape, values: z.array(list.member).min(1).describe(list.description), ...common }) as z.ZodObject,
    output: Edited,
    examples: [`imp ${wordsOf(list).join(' ')} add${owner.example} ${example}`],
    complete: owner.complete,
    run: (context, input) =>
      edit(context, input as Input, `${wordsOf(list).join(' ')} add ${(input['values'] as unknown[]).join(' ')}`, (document) =>
        addMembers(document, list, ownerIn(input as Input), input['values'] as unknown[]),
      ),
    view: viewEdited,
  })
}

function listOperations(list: Listed): readonly AnyOperation<ImpContext>[] {
  if (!(list.member instanceof z.ZodObject)) return [listOperation(list), addValuesOperation(list), deleteOperation(list)]
  return [listOperation(list), showOperation(list), addOperation(list, list.member), setOperation(list), deleteOperation(list)]
}

export const operations: readonly AnyOperation<ImpContext>[] = lists.flatMap(listOperations)
