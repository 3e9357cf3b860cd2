/** Answers made up from the cards that there are, to be changed by a person. Pure. */
import type { z } from 'zod'
import type { Answers, DetectedNic, PortAnswers } from './model.ts'
import { portName } from './suggest.ts'

/** Networks of the documentation (RFC 5737, RFC 3849) and private ones (RFC 1918), one for each port. */
function external(nic: DetectedNic): Extract<PortAnswers, { gateways: unknown }> {
  return {
    nic: nic.name,
    name: portName({}, 'external', nic),
    addresses: ['192.0.2.2/30', '2001:db8:ffff::2/64'],
    gateways: ['192.0.2.1', '2001:db8:ffff::1'],
  }
}

/** `upstream` is the card by which the machine itself reaches the world. */
export function exampleAnswers(hostname: string, nics: readonly DetectedNic[], upstream: string | undefined): z.input<typeof Answers> {
  const management =
    nics.length < 2 ? undefined : (nics.find(({ name, inRouter }) => name === upstream && !inRouter) ?? nics.find((nic) => !nic.inRouter))
  const [first, ...others] = nics.filter((nic) => nic !== management)
  const internal = others.map((nic, index) => ({
    nic: nic.name,
    name: portName({ internal: others.slice(0, index).map((_, at) => ({ name: at === 0 ? 'lan' : `lan${at + 1}` })) }, 'internal', nic),
    addresses: [`192.168.${index}.1/24`, `2001:db8:10:${index.toString(16)}::1/64`],
  }))
  const mappings = internal.map((_, index) => ({ inside: `192.168.${index}.0/24`, outside: `203.0.113.${index * 4}/30` }))
  return {
    hostname,
    management: management === undefined ? 'none' : { nic: management.name, mode: 'dhcp' },
    external: first === undefined ? [] : [external(first)],
    internal,
    ...(first === undefined
      ? {}
      : {
          bgp: {
            asn: 64500,
            routerId: '192.0.2.2',
            announced: ['203.0.113.0/24', '2001:db8:10::/48'],
            peers: [
              { name: 'upstream4', address: '192.0.2.1', asn: 64496 },
              { name: 'upstream6', address: '2001:db8:ffff::1', asn: 64496 },
            ],
          },
        }),
    nat: mappings.length === 0 || first === undefined ? 'none' : { mappings },
    nat64: 'none',
  }
}
