/** What a person can do with each section of the configuration, such as `bgp`: show it, enable it, set a field, disable it. */
import { z } from 'zod'
import { Fault } from '@imp/kit/base/fault.ts'
import { kebabCase } from '@imp/kit/op/fields.ts'
import { operation, type AnyOperation } from '@imp/kit/op/operation.ts'
import type { RouterConfigInput } from '../../config/model.ts'
import type { ImpContext } from '../../context.ts'
import { replaceAt, valueAt } from '../entry.ts'
import { exampleOfInput, inputFields, objectOf, shapeOf, type InputField } from '../input.ts'
import { sectionName } from '../nouns.ts'
import { belowCompleters, common, edit, Edited, Field, fieldCompleters, look, setBelow, Values, viewEdited, type Common } from '../ops.ts'
import { isEnabledByMembers, sections, unwrap, type Section } from '../schema.ts'
import { drawFields } from '../view.ts'

type Input = Common & Readonly<Record<string, unknown>>

function wordOf({ field }: Section): string {
  return kebabCase(field)
}

function isThere(document: RouterConfigInput, { field }: Section): boolean {
  return valueAt(document, [field]) !== undefined
}

function missing({ field }: Section): Fault {
  return new Fault('not-found', `${sectionName(field)} is not configured`, { hint: `imp ${kebabCase(field)} enable configures it` })
}

function showOperation(section: Section) {
  return operation<ImpContext>()({
    path: [wordOf(section), 'show'],
    summary: `Show what the candidate says about ${sectionName(section.field)}`,
    effect: 'read',
    input: z.strictObject(common),
    output: z.strictObject({ target: z.string(), enabled: z.boolean(), value: z.unknown().describe('as router.json has it').optional() }),
    examples: [`imp ${wordOf(section)} show`],
    run: (context, input) =>
      look(context, input, (document, target) => ({
        target,
        enabled: isThere(document, section),
        value: valueAt(document, [section.field]),
      })),
    view: ({ enabled, value }) => (enabled ? drawFields(value) : `${sectionName(section.field)} is not configured`),
  })
}

function isListOfObjects({ path }: InputField, { object }: Section): boolean {
  const schema = unwrap(object.shape[path[0] ?? ''] as z.ZodType)
  return schema instanceof z.ZodArray && unwrap(schema.element as z.ZodType) instanceof z.ZodObject
}

function enableOperation(section: Section) {
  const fields = inputFields(section.object).filter((field) => !isListOfObjects(field, section))
  const example = exampleOfInput({ positional: [], flags: fields })
  const first = section.field === 'management' ? '--nic-name eno1' : ''
  return operation<ImpContext>()({
    path: [wordOf(section), 'enable'],
    summary: `Configure ${sectionName(section.field)} in the candidate`,
    description: `${section.description}. imp commit brings the candidate into force.`,
    effect: 'write',
    input: z.strictObject({ ...shapeOf(fields), ...common }) as z.ZodObject,
    output: Edited,
    examples: [`imp ${wordOf(section)} enable ${example} ${first}`.replaceAll(/ +/g, ' ').trim()],
    complete: fieldCompleters([section.field], fields),
    run: (context, input) =>
      edit(context, input as Input, `${wordOf(section)} enable`, (document) => {
        if (!isThere(document, section)) return replaceAt(document, [section.field], objectOf(fields, input))
        throw new Fault('conflict', `${sectionName(section.field)} is configured already`, {
          hint: `imp ${wordOf(section)} set changes it`,
        })
      }),
    view: viewEdited,
  })
}

function setOperation(section: Section) {
  const below = belowCompleters(() => section.field)
  const [first] = inputFields(section.object)
  return operation<ImpContext>()({
    path: [wordOf(section), 'set'],
    summary: `Set a field of ${sectionName(section.field)} in the candidate`,
    effect: 'write',
    args: ['field', 'value'],
    input: z.strictObject({ field: Field, value: Values, ...common }),
    output: Edited,
    examples: [`imp ${wordOf(section)} set ${first?.path.join('.') ?? 'FIELD'} VALUE`],
    ...below,
    run: (context, { field, value, ...input }) =>
      edit(context, input, `${wordOf(section)} set ${field} ${value.join(' ')}`, (document) =>
        setBelow(document, section.field, field, value),
      ),
    view: viewEdited,
  })
}

function disableOperation(section: Section) {
  return operation<ImpContext>()({
    path: [wordOf(section), 'disable'],
    summary: `Take ${sectionName(section.field)} out of the candidate, with all it says`,
    effect: 'write',
    input: z.strictObject(common),
    output: Edited,
    examples: [`imp ${wordOf(section)} disable`],
    run: (context, input) =>
      edit(context, input, `${wordOf(section)} disable`, (document) => {
        if (!isThere(document, section)) throw missing(section)
        return replaceAt(document, [section.field], undefined)
      }),
    view: viewEdited,
  })
}

function sectionOperations(section: Section): readonly AnyOperation<ImpContext>[] {
  const enable = isEnabledByMembers(section) ? [] : [enableOperation(section)]
  return [showOperation(section), ...enable, setOperation(section), disableOperation(section)]
}

export const operations: readonly AnyOperation<ImpContext>[] = sections.flatMap(sectionOperations)
