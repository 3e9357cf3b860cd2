/** What a person can do with a configuration without touching any machine: its schema, its check, and what it becomes. */
import { dirname, join, resolve } from 'node:path'
import { z } from 'zod'
import type { Finding } from '@imp/kit/base/fault.ts'
import { FilePath, parse, parseJson } from '@imp/kit/base/schema.ts'
import { count } from '@imp/kit/base/text.ts'
import { drawFindings, FindingOutput } from '@imp/kit/op/findings.ts'
import { operation, planned, type AnyOperation } from '@imp/kit/op/operation.ts'
import type { Step } from '@imp/kit/plan/step.ts'
import { observeHardware } from '../appliance/hardware.ts'
import { Hardware } from '../appliance/model.ts'
import type { ImpContext } from '../context.ts'
import { renderFrr } from '../frr/render.ts'
import { checkModuleSettings } from '../modules/check.ts'
import { readModules, settingsSchemas } from '../modules/store.ts'
import { natTable, renderNat } from '../nat/render.ts'
import { applianceFiles, committedFile } from '../pipeline/appliance.ts'
import type { Overrides } from '../overrides/model.ts'
import { instancesOf, renderRouting } from '../pipeline/instances.ts'
import { readDefinitions } from '../pipeline/modules.ts'
import { loadRouterConfig, parseRouterConfig } from './load.ts'
import type { RouterConfig } from './model.ts'
import { routerJsonSchema } from './schema.ts'

const ConfigurationFile = FilePath.describe('configuration, usually router.json').meta({ examples: ['router.json'] })

const schema = operation<ImpContext>()({
  path: ['schema'],
  summary: 'Print the JSON Schema of router.json',
  description:
    'Written to a file and named by "$schema" in router.json, it lets editors complete and explain every field; those of the modules ' +
    'that are installed here as well.',
  effect: 'read',
  input: z.strictObject({}),
  output: z.record(z.string(), z.unknown()),
  examples: ['imp schema > imp.router.schema.json'],
  run: async ({ host, stateDirectory }) => routerJsonSchema(await settingsSchemas(host.files, stateDirectory, 'draft-7')),
  view: (output) => JSON.stringify(output, null, 2),
})

function summary(file: string, errors: number, warnings: number): string {
  const parts = [...(errors > 0 ? [count(errors, 'error')] : []), ...(warnings > 0 ? [count(warnings, 'warning')] : [])]
  return parts.length === 0 ? `${file}: nothing is wrong` : `${file}: ${parts.join(', ')}`
}

/** What is wrong with the settings of modules, by the definitions that are installed here. */
async function moduleFindings({ host, stateDirectory }: ImpContext, config: RouterConfig): Promise<Finding[]> {
  if (!config.modules.some(({ enabled }) => enabled)) return []
  const { modules } = await readModules(host.files, stateDirectory)
  return checkModuleSettings(config, modules)
}

const check = operation<ImpContext>()({
  path: ['check'],
  summary: 'Show everything that is wrong with a configuration',
  description: 'Checks every field and how the fields fit together. Ends with status 2 when there is an error; warnings do not count.',
  effect: 'read',
  args: ['file'],
  input: z.strictObject({ file: ConfigurationFile }),
  output: z.strictObject({
    file: z.string(),
    findings: z.array(FindingOutput),
    errors: z.int().describe('findings that keep the configuration from being used'),
    warnings: z.int().describe('findings that somebody should know about'),
  }),
  examples: ['imp check router.json', 'imp check router.json --json'],
  async run(context, { file }) {
    const { config, findings: own } = loadRouterConfig(await context.host.files.read(resolve(file)), file)
    const findings = [...own, ...(config === undefined ? [] : await moduleFindings(context, config))]
    const errors = findings.filter((finding) => finding.severity === 'error').length
    return { file, findings, errors, warnings: findings.length - errors }
  },
  view({ file, findings, errors, warnings }, options) {
    const list = findings.length === 0 ? [] : [drawFindings(findings, options), '']
    return [...list, summary(file, errors, warnings)].join('\n')
  },
  exitStatus: ({ errors }) => (errors > 0 ? 2 : 0),
})

const Artefact = z.strictObject({
  name: z.string().describe('file name, or path below the root of an appliance'),
  text: z.string().describe('the whole file'),
  mode: z.int().describe('permission bits').exactOptional(),
})
type Artefact = z.output<typeof Artefact>

function artefacts(config: RouterConfig, definitions: Overrides): Artefact[] {
  const nat = renderNat(config)
  return [
    { name: 'frr.conf', text: renderRouting(config, instancesOf(config, definitions)).text },
    ...(nat === undefined ? [] : [{ name: `${natTable}.nft`, text: nat }]),
  ]
}

async function readHardware(context: ImpContext, file: string | undefined): Promise<Hardware> {
  if (file === undefined) return observeHardware(context.host)
  return parse(Hardware, parseJson(await context.host.files.read(resolve(file)), file), file)
}

/** All files of an appliance with this configuration, by their paths. */
function applianceArtefacts(config: RouterConfig, hardware: Hardware, definitions: Overrides): Artefact[] {
  const files = [...applianceFiles(config, hardware, definitions).wanted, committedFile(config)]
  return files
    .map(({ path, text, mode }) => ({ name: path.slice(1), text, ...(mode === undefined ? {} : { mode }) }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

async function write({ host }: ImpContext, directory: string, artefacts: readonly Artefact[]): Promise<void> {
  for (const { name, text, mode } of artefacts) {
    const path = join(directory, name)
    await host.files.makeDirectory(dirname(path))
    await host.files.write(path, text, mode === undefined ? {} : { mode })
  }
}

function writing(directory: string, written: readonly Artefact[]): Step[] {
  return written.map(({ name }) => {
    const path = join(directory, name)
    return { kind: 'file', summary: `write ${path}`, disruption: 'none', data: { path } }
  })
}

const render = operation<ImpContext>()({
  path: ['render'],
  summary: 'Show what a configuration becomes: texts for FRR, nftables and others',
  description: 'Nothing is loaded into any program. With --output-directory the texts are written there, whatever was there before.',
  effect: 'write',
  args: ['file'],
  input: z.strictObject({
    file: ConfigurationFile,
    appliance: z.boolean().default(false).describe('all files of an appliance: units, scripts, VPP, FRR, management port, containers'),
    hardware: FilePath.describe(
      'cores, memory and cards of the appliance (imp appliance hardware --json); of this machine unless told',
    ).optional(),
    outputDirectory: FilePath.describe('directory to write the texts to, made when it is not there').optional(),
  }),
  output: z.strictObject({
    file: z.string(),
    outputDirectory: z.string().exactOptional(),
    daemons: z.array(z.string()).describe('daemons of FRR that the configuration needs'),
    artefacts: z.array(Artefact),
  }),
  examples: [
    'imp render router.json',
    'imp render router.json --output-directory rendered',
    'imp render router.json --appliance --hardware hardware.json --output-directory tree',
  ],
  async run(context, { file, appliance, hardware, outputDirectory }) {
    const config = parseRouterConfig(await context.host.files.read(resolve(file)), file)
    const definitions = await readDefinitions(context.host.files, context.stateDirectory, config)
    const texts = appliance
      ? applianceArtefacts(config, await readHardware(context, hardware), definitions)
      : artefacts(config, definitions)
    const { daemons } = renderFrr(config)
    if (outputDirectory === undefined) return { file, daemons: [...daemons], artefacts: texts }
    const directory = resolve(outputDirectory)
    planned(context, writing(directory, texts))
    await write(context, directory, texts)
    return { file, outputDirectory: directory, daemons: [...daemons], artefacts: texts }
  },
  view({ outputDirectory, artefacts: texts }) {
    if (outputDirectory === undefined) return texts.map(({ name, text }) => `# ${name}\n${text.trimEnd()}`).join('\n\n')
    return texts.map(({ name }) => `wrote ${join(outputDirectory, name)}`).join('\n')
  },
})

export const operations: readonly AnyOperation<ImpContext>[] = [schema, check, render]
