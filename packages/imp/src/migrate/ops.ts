/** Taking over the configuration of the reference system. */
import { resolve } from 'node:path'
import { z } from 'zod'
import { Fault, type Finding } from '@imp/kit/base/fault.ts'
import { reported, type OperationEvent } from '@imp/kit/base/events.ts'
import { FilePath, parseJson } from '@imp/kit/base/schema.ts'
import { FindingOutput } from '@imp/kit/op/findings.ts'
import { operation, planned, type AnyOperation } from '@imp/kit/op/operation.ts'
import { doStep, type Step } from '@imp/kit/plan/step.ts'
import type { Host } from '@imp/kit/host/host.ts'
import { inputPath } from '../config/input.ts'
import { loadRouterConfig } from '../config/load.ts'
import type { ImpContext } from '../context.ts'
import { detectLayout } from './detect.ts'
import { Mapping, type Imported } from './model.ts'
import { importInterfaces } from './reference-interfaces.ts'
import { importRoles } from './reference-roles.ts'
import { documentStep, migrateKinds } from './step.ts'
import { drawImport } from './view.ts'

const Result = z.strictObject({
  layout: z.enum(['roles', 'interfaces']).describe('layout of the old document'),
  config: z.record(z.string(), z.unknown()).describe('the new document'),
  report: z.array(Mapping).describe('where every field of the old document went'),
  findings: z.array(FindingOutput).describe('what the check of the new document says'),
  output: z.string().describe('file that holds the new document').exactOptional(),
})

/** Whether a path stands for another one below it. */
function covers(path: string, below: string): boolean {
  return below === path || below.startsWith(`${path}.`) || below.startsWith(`${path}[`)
}

/** Adds to a finding where its value stood in the old document, which is what a person knows. */
function withOrigin(finding: Finding, report: readonly Mapping[]): Finding {
  const origins = report.filter(
    ({ from, to }) => from !== '' && finding.path !== '' && to.some((path) => covers(finding.path, path) || covers(path, finding.path)),
  )
  const exact = origins.filter(({ to }) => to.includes(finding.path))
  const sources = [...new Set((exact.length > 0 ? exact : origins).map(({ from }) => from))]
  if (sources.length === 0 || sources.length > 3) return finding
  const origin = `in the old document it is ${sources.join(' and ')}`
  return { ...finding, hint: finding.hint === undefined ? origin : `${finding.hint} (${origin})` }
}

function convert(layout: 'roles' | 'interfaces', document: unknown, where: string): Imported {
  return layout === 'roles' ? importRoles(document, where) : importInterfaces(document, where)
}

async function planOutput(host: Host, path: string, text: string, force: boolean): Promise<Step[]> {
  const before = (await host.files.stat(path)) === undefined ? null : await host.files.read(path)
  if (before === text) return []
  if (before !== null && !force) {
    throw new Fault('conflict', `cannot write ${path}: it exists and says something else`, {
      hint: 'choose another name, or replace it with --force',
    })
  }
  return [documentStep.step(`${before === null ? 'write' : 'replace'} ${path}`, { path, text, before })]
}

function warning({ path, message }: Finding): OperationEvent {
  return { event: 'log', level: 'warning', text: `${path} ${message}`.trim() }
}

/** One step is atomic by itself: there is nothing that a journal could finish or undo. */
async function write(context: ImpContext, steps: readonly Step[]): Promise<void> {
  planned(context, steps)
  for (const step of steps) await reported(context.report, step.summary, () => doStep(migrateKinds, context.host, step))
}

const importConfig = operation<ImpContext>()({
  path: ['config', 'import'],
  summary: 'Take over a router.json of the reference system',
  description:
    'Reads both layouts of the reference system: the one with external and internal ports, and the one with named interfaces. ' +
    'Every field of the old document is accounted for in the report. What the check has against the new document is listed and left ' +
    'for a person to decide; the exit status is 2 when there are errors, and --output writes the document all the same.',
  effect: 'write',
  args: ['file'],
  short: { output: 'o', force: 'f' },
  input: z.strictObject({
    file: FilePath.describe('router.json of the reference system, - for standard input'),
    output: FilePath.describe('file to write the new document to').exactOptional(),
    force: z.boolean().default(false).describe('replace the output when it exists'),
  }),
  output: Result,
  examples: ['imp config import old-router.json', 'imp config import /persistent/config/router.json --output router.json'],
  async run(context, { file, output, force }) {
    const document = parseJson(await context.host.files.read(inputPath(file)), file)
    const layout = detectLayout(document, file)
    if (layout === 'current') throw new Fault('input', `${file} has our own layout already`, { hint: 'use it as it is' })
    const { config, report } = convert(layout, document, file)
    const text = `${JSON.stringify(config, null, 2)}\n`
    const findings = loadRouterConfig(text, file).findings.map((finding) => withOrigin(finding, report))
    const result = { layout, config: { ...config }, report: [...report], findings }
    if (output === undefined) {
      // A dry run shows steps only, and here there are none: what the import would find is said all the same.
      if (context.dryRun) for (const finding of findings) context.report(warning(finding))
      return result
    }
    const path = resolve(output)
    await write(context, await planOutput(context.host, path, text, force))
    return { ...result, output: path }
  },
  view: (result, options) => {
    const end = result.output === undefined ? JSON.stringify(result.config, null, 2) : `wrote ${result.output}`
    return [drawImport(result, options), '', end].join('\n')
  },
  exitStatus: ({ findings }) => (findings.some(({ severity }) => severity === 'error') ? 2 : 0),
})

export const operations: readonly AnyOperation<ImpContext>[] = [importConfig]
