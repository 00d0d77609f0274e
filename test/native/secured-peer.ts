import type { Path } from '#native/path.ts'
import type { SrtpKeys } from '#native/srtp-keys.ts'
import { SrtpReceiver } from '#native/twin/srtp-receiver.ts'
import { SrtpSender } from '#native/twin/srtp-sender.ts'
import { isRtcp, RtpPacket } from '#rtp/packet.ts'
import { type RtcpPacket, readRtcp } from '#rtp/rtcp/compound.ts'
import { NonceLedger, type SentDatagram } from '#test/support/nonce-ledger.ts'

export interface PeerOptions {
  readonly profile?: SrtpKeys['profile']
  /** Where it binds, and where it reaches the plane. */
  readonly address?: string
  /** Its own; a free one without. */
  readonly port?: number
  /** Tells the keys of peers apart; one that no other peer of the process has, without. */
  readonly seed?: number
  /** The same peer elsewhere: with its keys, and what it has had. */
  readonly like?: SecuredPeer
}

let made = 0

/** A seed that no other peer of the process has. */
function newSeed(): number {
  return ++made
}

/** A peer behind a real socket, secured with keys that both sides were given. */
export abstract class SecuredPeer {
  /** As the plane is to know them. */
  readonly keys: SrtpKeys
  readonly path: Path
  /** Protected media as it came, in order. */
  readonly media: SentDatagram[] = []
  /** One entry a datagram. */
  readonly compounds: RtcpPacket[][] = []
  /** What is neither, and where it came from. */
  readonly control: {
    readonly datagram: Buffer
    readonly address: string
    readonly port: number
  }[] = []
  /** Address and port of whoever sent anything. */
  readonly from = new Set<string>()
  /** Every nonce used twice, and every packet that this peer's keys do not open. */
  readonly faults: unknown[] = []
  /** Called with each packet. */
  onMedia: (sent: SentDatagram) => void = () => {}
  readonly #sender: SrtpSender
  readonly #receiver: SrtpReceiver
  readonly #ledger: NonceLedger
  readonly #indices = new Map<number, number>()

  protected constructor(path: Path, { profile = 7, seed = newSeed(), like }: PeerOptions) {
    this.path = path
    if (like) {
      this.keys = like.keys
      this.#sender = like.#sender
      this.#receiver = like.#receiver
      this.#ledger = like.#ledger
      this.onMedia = like.onMedia
      return
    }
    const master = (byte: number) => {
      const key = Buffer.alloc(16, byte)
      key.writeUInt32BE(seed)
      return { key, salt: Buffer.alloc(profile === 7 ? 12 : 14, seed) }
    }
    this.keys = { profile, local: master(1), remote: master(2) }
    this.#sender = new SrtpSender(profile, this.keys.remote)
    this.#receiver = new SrtpReceiver(profile, this.keys.local)
    this.#ledger = new NonceLedger(profile, this.keys.local)
  }

  abstract send(datagram: Buffer, port: number, address?: string): void
  /** Idempotent. */
  abstract close(): void

  /** @param index 48 bits; without, the sequence number goes on from the packet before */
  protect(packet: Buffer, index?: number): Buffer {
    const { ssrc, sequenceNumber, payloadStart } = RtpPacket.parse(packet)!
    const before = this.#indices.get(ssrc) ?? sequenceNumber
    const chosen = index ?? before + (((sequenceNumber - before) << 16) >> 16)
    this.#indices.set(ssrc, Math.max(before, chosen))
    const into = Buffer.alloc(packet.length + this.#sender.overhead)
    packet.copy(into)
    const length = this.#sender.protectRtp(into, payloadStart, packet.length, chosen)
    return into.subarray(0, length)
  }

  protectRtcp(compound: Buffer): Buffer {
    return this.#sender.protectRtcp(compound)
  }

  /** A datagram, or what came as one frame, and where from. */
  protected take(datagram: Buffer, address: string, port: number): void {
    this.from.add(`${address} ${port}`)
    try {
      if (datagram[0]! >> 6 !== 2) this.control.push({ datagram, address, port })
      else if (isRtcp(datagram)) this.#receiveRtcp(datagram)
      else this.#receiveMedia(datagram)
    } catch (fault) {
      this.faults.push(fault)
    }
  }

  #receiveMedia(datagram: Buffer): void {
    const sent = this.#ledger.record(datagram)
    this.media.push(sent)
    this.onMedia(sent)
  }

  #receiveRtcp(datagram: Buffer): void {
    const compound = this.#receiver.unprotectRtcp(datagram)
    if (!compound) throw new Error(`no RTCP of this peer: ${this.#receiver.failure}`)
    this.compounds.push(readRtcp(compound))
  }
}
