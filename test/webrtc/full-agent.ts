import type { Path } from '#native/path.ts'
import { hex } from '#test/support/bytes.ts'
import { IceLite } from '#webrtc/ice-lite.ts'
import type { IceReaction } from '#webrtc/ice-reaction.ts'
import { checkIntegrity, parseStun, type StunMessage } from '#webrtc/stun.ts'
import { type MessageParts, stunMessage } from './stun-message.ts'

export function pathFrom(
  remoteAddress: string,
  remotePort: number,
  transport: Path['transport'] = 'udp',
): Path {
  const family = remoteAddress.includes(':') ? 6 : 4
  const localAddress = family === 6 ? '2001:db8::5' : '203.0.113.5'
  return { transport, family, remoteAddress, remotePort, localAddress }
}

export const here = pathFrom('198.51.100.7', 40_000)
export const there = pathFrom('198.51.100.7', 50_000)
export const elsewhere = pathFrom('198.51.100.8', 40_000)

export interface Check {
  readonly priority?: number
  readonly useCandidate?: boolean
  readonly nomination?: number
}

/** Attributes of a check by a controlling agent. */
export function attributes({ priority = 1000, useCandidate = false, nomination }: Check): Buffer {
  const word = (value: number) => value.toString(16).padStart(8, '0')
  return hex(
    `00240004${word(priority)} 802a0008 0000000000000001 ${useCandidate ? '00250000' : ''}
     ${nomination === undefined ? '' : `c0010004${word(nomination)}`}`,
  )
}

/** A full agent that checks a lite one. */
export class FullAgent {
  readonly ice: IceLite

  constructor(ice = new IceLite({ now: 0 })) {
    this.ice = ice
  }

  request(parts: MessageParts = {}): Buffer {
    const { localUfrag, localPassword } = this.ice
    return stunMessage({
      username: `${localUfrag}:theirs`,
      password: localPassword,
      attributes: attributes({}),
      ...parts,
    })
  }

  send(datagram: Buffer, path = here, now = 0): IceReaction {
    return this.ice.receive(parseStun(datagram)!, datagram, path, now)
  }

  check(path: Path, given: Check = {}, now = 0): IceReaction {
    return this.send(this.request({ attributes: attributes(given) }), path, now)
  }

  /** The reply as the peer reads it; undefined unless it is signed as it must be (ICE-39). */
  read(reaction: IceReaction): StunMessage | undefined {
    if (reaction.kind !== 'reply') return undefined
    const message = parseStun(reaction.datagram)!
    const ours = checkIntegrity(reaction.datagram, message, this.ice.localPassword)
    return ours && message.fingerprint ? message : undefined
  }
}
