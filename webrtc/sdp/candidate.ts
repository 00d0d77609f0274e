import { fields } from './tokens.ts'

/** One `a=candidate` (RFC 8839 §5.1). */
export interface IceCandidate {
  readonly foundation: string
  /** 1 for RTP and everything multiplexed with it. */
  readonly component: number
  readonly transport: 'udp' | 'tcp'
  readonly priority: number
  /** An IP address without brackets, or a name such as `….local`: never looked up here. */
  readonly address: string
  readonly port: number
  readonly type: string
  /** Names the generation of the candidate when it is not its section's (RFC 8838 §9.1). */
  readonly ufrag?: string
}

/**
 * @param value what follows `a=candidate:`
 * @returns undefined for a line that says nothing understandable: it is skipped, not an error
 */
export function readCandidate(value: string): IceCandidate | undefined {
  const parts = fields(value)
  const [foundation, component, protocol, priority, address, port, typ, type] = parts
  const transport = protocol?.toLowerCase()
  if (transport !== 'udp' && transport !== 'tcp') return undefined
  if (foundation === undefined || address === undefined) return undefined
  if (typ !== 'typ' || type === undefined) return undefined
  if (!isNumber(component, 256) || !isNumber(priority, 0xffff_ffff) || !isNumber(port, 65_535)) {
    return undefined
  }
  const ufrag = extension(parts, 'ufrag')
  return {
    foundation,
    component: Number(component),
    transport,
    priority: Number(priority),
    address: address.replace(/^\[(.*)\]$/, '$1'),
    port: Number(port),
    type,
    ...(ufrag !== undefined && { ufrag }),
  }
}

// After the type come pairs of a name and a value.
function extension(parts: readonly string[], name: string): string | undefined {
  for (let i = 8; i + 1 < parts.length; i += 2) {
    if (parts[i] === name) return parts[i + 1]
  }
  return undefined
}

function isNumber(text: string | undefined, max: number): boolean {
  return text !== undefined && /^\d{1,10}$/.test(text) && Number(text) <= max
}

export interface CandidateAddress {
  /** IPv6 without brackets. */
  readonly address: string
  readonly port: number
}

/** An address and port of ours that a peer can reach: by TCP it is the peer who connects. */
export interface HostCandidate extends CandidateAddress {
  readonly transport: 'udp' | 'tcp'
}

const hostPreference = 126
const highestLocalPreference = 65_535
/** RFC 6544 §4.2: below all of UDP; a passive one is 4 of 7, and 2^13 apart from the others. */
const tcpHostPreference = 90
const highestPassivePreference = 4 * 2 ** 13 + 8191

/**
 * `a=candidate` lines of a lite agent, the first address preferred (RFC 8445 §5.1.2.1, §5.2):
 * some clients use no other, whatever its transport, so UDP has to be first. The first one's
 * priority is 2130706431, and the first one's of TCP 1520435199 (RFC 6544 §4.2, §4.5).
 */
export function candidateLines(candidates: readonly HostCandidate[]): string[] {
  // RFC 8445 §5.1.1.3: one for each address and transport.
  const bases = [...new Set(candidates.map(baseOf))]
  const of = (transport: HostCandidate['transport']) => {
    return candidates.filter((candidate) => candidate.transport === transport)
  }
  const line = (candidate: HostCandidate, type: number, local: number, more = '') => {
    const { transport, address, port } = candidate
    const foundation = bases.indexOf(baseOf(candidate)) + 1
    const priority = type * 2 ** 24 + local * 2 ** 8 + 255
    return `a=candidate:${foundation} 1 ${transport} ${priority} ${address} ${port} typ host${more}`
  }
  return [
    ...of('udp').map((one, i) => line(one, hostPreference, highestLocalPreference - i)),
    ...of('tcp').map((one, i) => {
      return line(one, tcpHostPreference, highestPassivePreference - i, ' tcptype passive')
    }),
  ]
}

function baseOf({ transport, address }: HostCandidate): string {
  return `${transport} ${address}`
}
