/**
 * Scalars that both commands share, as zod schemas with documentation, and the one door through which outside data comes in.
 */
import { z } from 'zod'
import { Fault, refuse, type Finding } from './fault.ts'
import { parseAddress, parsePrefix, parseInterfaceAddress } from './ip.ts'

/** Words that `ip link` reads as keywords when they stand where an interface name is expected (iproute2, ip/iplink.c). */
const iproute2Keywords = new Set(
  'address addr alias all arp broadcast brd carrier dev down dynamic group help index link master mtu multicast name netns nomaster numrxqueues numtxqueues parentdev peer promisc protodown protodown_reason table trailers txqlen txqueuelen type up vf via xdp xdpdrv xdpgeneric xdpoffload default any none lo'.split(
    ' ',
  ),
)

/**
 * A name that is legal at once as a Linux interface name (15 bytes, IFNAMSIZ), a VPP interface name and an FRR word:
 * starts with a letter, then letters, digits, `-` and `_`; not a keyword of iproute2. At most `max` characters.
 */
export function interfaceName(max = 15) {
  return z
    .string()
    .regex(/^[A-Za-z][A-Za-z0-9_-]*$/, 'must start with a letter and hold only letters, digits, "-" and "_"')
    .max(max, `must not be longer than ${max} characters`)
    .refine((name) => !iproute2Keywords.has(name), 'is a keyword of iproute2 and cannot name an interface')
}

/** A name for a thing of ours that becomes a file name: lower case letters, digits and `-`, as in a DNS label (RFC 1035 2.3.1). */
export const Name = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, 'must be lower case letters, digits and "-", at most 63, not starting or ending with "-"')
  .meta({ examples: ['web1'] })

/** The same for what comes in versions: dots and `_` as well, as in `kernel-6.1`. */
export const VersionedName = z
  .string()
  .regex(
    /^(?=.{1,63}$)[a-z0-9]+([._-]+[a-z0-9]+)*$/,
    'must be lower case letters, digits, ".", "_" and "-", at most 63, beginning and ending with a letter or digit',
  )
  .refine((name) => !name.includes('..'), 'must not have two dots together')
  .meta({ examples: ['kernel-6.1'] })

/** Host name: DNS labels joined by dots (RFC 1123 2.1), at most 64 bytes because of Linux's HOST_NAME_MAX. */
export const HostName = z
  .string()
  .max(64)
  .regex(
    /^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*$/,
    'must be DNS labels joined by dots',
  )
  .meta({ examples: ['edge1'] })

/**
 * One line of text for people that ends up in configuration files: no control characters, no leading or trailing blanks, and only what
 * FRR keeps as it is, whose command line takes `|` for a pipe and joins words by single blanks.
 */
export const Description = z
  .string()
  .max(80)
  .regex(/^[^\p{Cc}\p{Cf}\u2028\u2029!#"\\]*$/u, 'must be one line without control characters, "!", "#", quotes or backslashes')
  .refine((text) => text === text.trim(), 'must not start or end with a blank')
  .refine((text) => !/\||  /.test(text), 'must not contain "|" or two blanks in a row')

function checked(parse: (text: string) => unknown, examples: string[], description: string) {
  return z
    .string()
    .superRefine((text, context) => {
      try {
        parse(text)
      } catch (error) {
        context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : String(error) })
      }
    })
    .meta({ examples, description })
}

/** An IPv4 or IPv6 address literal, strict. */
export const Address = checked((text) => parseAddress(text), ['192.0.2.1', '2001:db8::1'], 'IPv4 or IPv6 address')
export const Address4 = checked((text) => parseAddress(text, 4), ['192.0.2.1'], 'IPv4 address')
export const Address6 = checked((text) => parseAddress(text, 6), ['2001:db8::1'], 'IPv6 address')
/** A network prefix without host bits. */
export const Prefix = checked((text) => parsePrefix(text), ['192.0.2.0/24', '2001:db8::/32'], 'network prefix')
export const Prefix4 = checked((text) => parsePrefix(text, 4), ['192.0.2.0/24'], 'IPv4 network prefix')
export const Prefix6 = checked((text) => parsePrefix(text, 6), ['2001:db8::/32'], 'IPv6 network prefix')
/** An address with the length of its network, host bits allowed. */
export const InterfaceAddress = checked(
  (text) => parseInterfaceAddress(text),
  ['192.0.2.1/24', '2001:db8::1/64'],
  'address with prefix length',
)

export const Mac = z
  .string()
  .regex(/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/, 'must be six lower case hexadecimal octets joined by ":"')
  .meta({ examples: ['02:00:5e:00:53:01'] })

/** PCI address in full form, domain:bus:device.function. */
export const PciAddress = z
  .string()
  .regex(/^[0-9a-f]{4}:[0-9a-f]{2}:[01][0-9a-f]\.[0-7]$/, 'must be a PCI address such as 0000:01:00.0')
  .meta({ examples: ['0000:01:00.0'] })

/** Autonomous system number, 1 to 4294967294 (RFC 6793, RFC 7300 reserves the last), without AS_TRANS 23456 and 65535. */
export const Asn = z
  .int()
  .min(1)
  .max(4294967294)
  .refine((asn) => asn !== 23456 && asn !== 65535, 'is reserved (RFC 7607, RFC 7300, RFC 6793)')
  .meta({ examples: [64500] })

/** IEEE 802.1Q VLAN identifier. */
export const VlanId = z
  .int()
  .min(1)
  .max(4094)
  .meta({ examples: [100] })

/** TCP or UDP port. */
export const Port = z.int().min(1).max(65535)

/** A path of a file on this machine: absolute or relative, without NUL bytes or newlines. */
export const FilePath = z
  .string()
  .min(1)
  .max(4095)
  .regex(/^[^\0\n\r]+$/, 'must not contain control characters')

/** A JSON path as people write it: `interfaces[1].addresses[0]`. */
export function jsonPath(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${key}]`
    const name = String(key)
    if (!/^[A-Za-z_$][\w$-]*$/.test(name)) return `${text}[${JSON.stringify(name)}]`
    return text === '' ? name : `${text}.${name}`
  }, '')
}

function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((value, key) => (value === null || value === undefined ? undefined : Reflect.get(Object(value), key)), root)
}

function show(value: unknown): string | undefined {
  if (value === undefined) return undefined
  const text = JSON.stringify(value)
  return text.length > 80 ? `${text.slice(0, 77)}...` : text
}

function finding(issue: z.core.$ZodIssue, root: unknown): Finding[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      path: jsonPath([...issue.path, key]),
      severity: 'error',
      message: 'unknown key',
      hint: 'remove it, or check its spelling against the schema',
    }))
  }
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    const closest = issue.errors.toSorted((a, b) => depth(b) - depth(a))[0] ?? []
    return closest.flatMap((inner) => finding({ ...inner, path: [...issue.path, ...inner.path] }, root))
  }
  const value = show(valueAt(root, issue.path))
  const missing = value === undefined && issue.code === 'invalid_type'
  return [
    {
      path: jsonPath(issue.path),
      severity: 'error',
      message: missing ? 'is missing' : issue.message,
      ...(value === undefined ? {} : { value }),
    },
  ]
}

function depth(issues: readonly z.core.$ZodIssue[]): number {
  return Math.max(0, ...issues.map((issue) => issue.path.length))
}

/** All findings of a value against a schema; an empty list and the parsed value when it fits. */
export function inspect<T extends z.ZodType>(schema: T, value: unknown): { value?: z.output<T>; findings: Finding[] } {
  const result = schema.safeParse(value)
  if (result.success) return { value: result.data, findings: [] }
  return { findings: result.error.issues.flatMap((issue) => finding(issue, value)) }
}

/** Parses outside data, or throws one `input` fault that carries all findings. */
export function parse<T extends z.ZodType>(schema: T, value: unknown, what: string): z.output<T> {
  const { value: parsed, findings } = inspect(schema, value)
  refuse(what, findings)
  return parsed as z.output<T>
}

/** Deeper than any document of ours; programs that walk values by recursion, JSON.stringify among them, end at some thousands. */
const deepest = 100

function isDeep(value: unknown): boolean {
  let level = [value]
  for (let depth = 0; depth <= deepest; depth += 1) {
    level = level.flatMap((each): unknown[] => (typeof each === 'object' && each !== null ? Object.values(each) : []))
    if (level.length === 0) return false
  }
  return true
}

/** Parses JSON text, or throws an `input` fault that names the place. */
export function parseJson(text: string, what: string): unknown {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new Fault('input', `${what} is not JSON`, { detail: error instanceof Error ? error.message : String(error) })
  }
  if (isDeep(value))
    throw new Fault('input', `${what} is not JSON that anybody wrote`, { detail: `it is nested more than ${deepest} levels deep` })
  return value
}
