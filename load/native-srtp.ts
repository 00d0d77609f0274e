import type { SrtpMasterKey, SrtpProfile } from '#native/srtp-keys.ts'
import type { SrtpFailure } from '#native/twin/srtp-receiver.ts'
import type { OpenerHandle, SealerHandle, SinkBinding } from './sink-binding.ts'
import type { PacketOpener, PacketSealer, SrtpMaker } from './srtp.ts'

/** GCM tag and SRTCP index. */
const maxOverhead = 20
/** Longer than any datagram that is read. */
const maxDatagram = 2048

/** By the number that native code gives, negated; 0 says that nothing was tried. */
const failures: readonly SrtpFailure[] = ['too-short', 'too-short', 'authentication', 'replayed']

/** SRTP in native code, as `native/addon/srtp.h` has it. */
export function nativeSrtp(binding: SinkBinding): SrtpMaker {
  const scratch = Buffer.allocUnsafeSlow(maxDatagram)
  return {
    sealer: (profile, key) => new NativeSealer(binding, profile, key),
    opener: (profile, key) => new NativeOpener({ binding, scratch }, profile, key),
  }
}

class NativeSealer implements PacketSealer {
  readonly #binding: SinkBinding
  readonly #handle: SealerHandle

  constructor(binding: SinkBinding, profile: SrtpProfile, { key, salt }: SrtpMasterKey) {
    this.#binding = binding
    this.#handle = binding.srtpSender(profile, key, salt)
  }

  protectRtp(packet: Buffer, headerLength: number, length: number, index: number): number {
    return this.#binding.protectRtp(this.#handle, packet, headerLength, length, index)
  }

  protectRtcp(compound: Buffer): Buffer {
    const room = Buffer.allocUnsafe(compound.length + maxOverhead)
    compound.copy(room)
    return room.subarray(0, this.#binding.protectRtcp(this.#handle, room, compound.length))
  }
}

interface OpenerParts {
  readonly binding: SinkBinding
  /** For RTCP; good until the next call of any opener. */
  readonly scratch: Buffer
}

class NativeOpener implements PacketOpener {
  failure: SrtpFailure = 'too-short'
  readonly #parts: OpenerParts
  readonly #handle: OpenerHandle

  constructor(parts: OpenerParts, profile: SrtpProfile, { key, salt }: SrtpMasterKey) {
    this.#parts = parts
    this.#handle = parts.binding.srtpReceiver(profile, key, salt)
  }

  unprotectRtp(datagram: Buffer, into: Buffer, at: number): number | undefined {
    return this.#outcome(this.#parts.binding.unprotectRtp(this.#handle, datagram, into, at))
  }

  unprotectRtcp(datagram: Buffer): Buffer | undefined {
    const { binding, scratch } = this.#parts
    const length = this.#outcome(binding.unprotectRtcp(this.#handle, datagram, scratch))
    return length === undefined ? undefined : scratch.subarray(0, length)
  }

  #outcome(result: number): number | undefined {
    if (result > 0) return result
    this.failure = failures[-result] ?? 'too-short'
    return undefined
  }
}
