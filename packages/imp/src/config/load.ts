/** The door through which a configuration comes in: JSON text to a checked `RouterConfig`, or everything that is wrong with it. */
import { z } from 'zod'
import { asFault, refuse, type Finding } from '@imp/kit/base/fault.ts'
import { inspect, parseJson } from '@imp/kit/base/schema.ts'
import { checkConfig } from './check.ts'
import { ownFindings } from './consequences.ts'
import { RouterConfig, routerSchema, routerVersion } from './model.ts'
import { withRemedy } from './remedy.ts'
import { salvage } from './salvage.ts'

export interface Loaded {
  /** Undefined when the schema refuses the document; there even when rules across fields find errors. */
  readonly config?: RouterConfig
  readonly findings: readonly Finding[]
}

const Envelope = z.looseObject({ schema: z.literal(routerSchema), version: z.int().min(1) })

function notJson(error: unknown): Finding {
  const fault = asFault(error)
  return {
    path: '',
    severity: 'error',
    message: `is not JSON: ${fault.detail ?? fault.message}`,
    hint: 'mend the place that the message names',
  }
}

/** What is wrong with the envelope, which says whether the rest can be understood at all. */
function checkEnvelope(document: unknown): Finding[] {
  const { value, findings } = inspect(Envelope, document)
  if (value === undefined) {
    const hint = `the document starts with {"schema": "${routerSchema}", "version": ${routerVersion}, ...}; imp config import takes older layouts over`
    return findings.map((finding) => ({ ...finding, hint }))
  }
  if (value.version <= routerVersion) return []
  const message = `was written by a newer program; this one knows versions up to ${routerVersion}`
  return [{ path: 'version', severity: 'error', message, value: String(value.version), hint: 'upgrade imp' }]
}

/** Reads a configuration and reports all that is wrong with it. Never throws for what stands in the text. */
export function loadRouterConfig(text: string, where: string): Loaded {
  let document: unknown
  try {
    document = parseJson(text, where)
  } catch (error) {
    return { findings: [notJson(error)] }
  }
  const envelope = checkEnvelope(document)
  if (envelope.length > 0) return { findings: envelope }
  const { value, findings } = inspect(RouterConfig, document)
  if (value !== undefined) return { config: value, findings: checkConfig(value) }
  return { findings: [...findings.map(withRemedy), ...restFindings(document)] }
}

/** What rules across fields say of everything that the schema accepts: one broken field does not hide what is wrong elsewhere. */
function restFindings(document: unknown): Finding[] {
  const { hostname } = RouterConfig.shape
  const named = Envelope.extend({ hostname: hostname.catch('unnamed') }).parse(document)
  const salvaged = salvage(RouterConfig, named)
  return salvaged === undefined ? [] : ownFindings(salvaged, checkConfig)
}

/** Reads a configuration that can be used, or throws one `input` fault with all findings of schema and rules. */
export function parseRouterConfig(text: string, where: string): RouterConfig {
  const { config, findings } = loadRouterConfig(text, where)
  refuse(where, findings)
  // Without a configuration there is an error among the findings, and refuse() has thrown.
  return config as RouterConfig
}

/** The text of a configuration: two blanks of indentation, a newline at the end. */
export function formatRouterConfig(config: RouterConfig): string {
  return `${JSON.stringify(config, null, 2)}\n`
}
