/** What cloud-init in a guest is told: the documents of its data source NoCloud, as their author wrote them. */
import { Document, isMap, parseDocument, visit } from 'yaml'
import { z } from 'zod'
import type { Finding } from '@imp/kit/base/fault.ts'

/** Longer than any that a provider takes (16 KiB on EC2), and short enough for a disk that is made in memory. */
const longest = 1 << 20

const Text = z.string().max(longest, `must not be longer than ${longest} characters`)

export const CloudInit = z.strictObject({
  userData: Text.optional(),
  /** Version 1 or 2 of cloud-init's network configuration; vmm sets up the network itself unless told. */
  networkConfig: Text.optional(),
  /** instance-id and local-hostname are added unless told. */
  metaData: Text.optional(),
})
export type CloudInit = z.output<typeof CloudInit>

/** First lines of user data that cloud-init knows; anything else it leaves aside with a warning in a log (docs, explanation/format). */
const beginnings = [
  /^#!/,
  /^#(cloud-config|cloud-config-archive|cloud-boothook|include|include-once|part-handler|upstart-job|cloud-config-jsonp)\s*$/,
  /^## template: *jinja\s*$/,
  /^(Content-Type: multipart|MIME-Version: )/i,
]

function wrong(path: string, message: string, hint: string): Finding {
  return { path, severity: 'error', message, hint }
}

/** Findings of a document that must be a mapping, or empty. */
function yamlFindings(path: string, text: string): Finding[] {
  const document = parseDocument(text)
  const { errors, contents } = document
  const broken = errors.map(({ message }) => wrong(path, `is not YAML: ${message.split('\n')[0]}`, 'mend the line'))
  visit(document, {
    Alias(_key, alias) {
      // What it means is looked for only when it is read or written.
      if (alias.resolve(document) === undefined)
        broken.push(wrong(path, `has nothing that *${alias.source} means`, `mark it with &${alias.source}`))
    },
  })
  const other = contents !== null && !isMap(contents) && broken.length === 0
  return other ? [wrong(path, 'is not a mapping of keys and values', 'write KEY: VALUE')] : broken
}

/** What cloud-init would leave aside in silence. */
export function checkCloudInit({ userData, networkConfig, metaData }: CloudInit): Finding[] {
  const [first = ''] = (userData ?? '').split(/\r?\n/)
  const known = userData === undefined || beginnings.some((pattern) => pattern.test(first))
  return [
    ...(known
      ? []
      : [
          wrong(
            'userData',
            `begins with ${JSON.stringify(first.slice(0, 40))}, which cloud-init ignores`,
            'begin with #cloud-config or #!',
          ),
        ]),
    ...(/^#cloud-config\s*$/.test(first) ? yamlFindings('userData', userData ?? '') : []),
    ...(networkConfig === undefined ? [] : yamlFindings('networkConfig', networkConfig)),
    ...(metaData === undefined ? [] : yamlFindings('metaData', metaData)),
  ]
}

/** The label by which NoCloud finds its disk. */
export const seedLabel = 'CIDATA'

export interface Instance {
  /** Another one makes cloud-init do everything again. */
  readonly id: string
  readonly hostname: string
}

/** The meta data with what every instance must have, in whichever style of YAML it was written. */
function metaDataOf(text: string, instance: Instance): string {
  const told = parseDocument(text)
  const document = isMap(told.contents) ? told : new Document({})
  const wanted = { 'instance-id': `vmm-${instance.id}`, 'local-hostname': instance.hostname }
  const missing = Object.entries(wanted).filter(([key]) => !document.has(key))
  for (const [key, value] of missing) document.set(key, value)
  return missing.length === 0 ? text : document.toString({ lineWidth: 0 })
}

/** Names and contents of what cloud-init is told. */
export function seedFiles({ userData, networkConfig, metaData }: CloudInit, instance: Instance): { name: string; content: string }[] {
  return [
    { name: 'meta-data', content: metaDataOf(metaData ?? '', instance) },
    { name: 'user-data', content: userData ?? '#cloud-config\n{}\n' },
    // Else cloud-init would ask for addresses by DHCP, which the guest has already from vmm.
    { name: 'network-config', content: networkConfig ?? 'version: 1\nconfig: disabled\n' },
  ]
}

/**
 * The same as what a metadata service answers below /latest; plain text each, since that is what it gives where nothing else is asked for.
 */
export function metadataDocument(documents: CloudInit, instance: Instance): { latest: Record<string, string> } {
  return { latest: Object.fromEntries(seedFiles(documents, instance).map(({ name, content }) => [name, content])) }
}
