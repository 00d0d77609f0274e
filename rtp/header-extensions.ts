/** RTP header extensions: names, block writer, and the values that this project writes. */

/** What `a=extmap` lines name (RFC 8285 §5). */
export const extensionUri = {
  mid: 'urn:ietf:params:rtp-hdrext:sdes:mid',
  rid: 'urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id',
  repairedRid: 'urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id',
  transportCc: 'http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01',
  playoutDelay: 'http://www.webrtc.org/experiments/rtp-hdrext/playout-delay',
  absSendTime: 'http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time',
  absCaptureTime: 'http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time',
  audioLevel: 'urn:ietf:params:rtp-hdrext:ssrc-audio-level',
  videoOrientation: 'urn:3gpp:video-orientation',
  dependencyDescriptor:
    'https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension',
} as const

export interface ExtensionElement {
  /** 1–14; up to 255 is possible but costs the two-byte form. */
  readonly id: number
  /** At most 16 bytes in the one-byte form, 255 in the other. */
  readonly data: Buffer
}

// The one-byte form cannot say "no data" and ends at 16 bytes (RFC 8285 §4.2). A receiver must
// have agreed to mixed forms to take the other, so that it is chosen only where it has to be.
function needsTwoByte({ id, data }: ExtensionElement): boolean {
  return id > 14 || data.length > 16 || data.length === 0
}

/** Bytes that `writeExtensions` will write, with the profile and length words; 0 for no elements. */
export function extensionsSize(elements: readonly ExtensionElement[]): number {
  if (elements.length === 0) return 0
  const head = elements.some(needsTwoByte) ? 2 : 1
  const data = elements.reduce((size, element) => size + head + element.data.length, 0)
  return 4 + Math.ceil(data / 4) * 4
}

/**
 * Writes the whole extension block: profile, length, elements, padding to 32 bits.
 *
 * @returns the offset behind it
 * @throws RangeError for an id or length that neither form can carry
 */
export function writeExtensions(
  into: Buffer,
  at: number,
  elements: readonly ExtensionElement[],
): number {
  const twoByte = elements.some(needsTwoByte)
  const end = at + Math.max(4, extensionsSize(elements))
  into.writeUInt16BE(twoByte ? 0x1000 : 0xbede, at)
  into.writeUInt16BE((end - at - 4) / 4, at + 2)
  let offset = at + 4
  for (const { id, data } of elements) {
    if (id < 1 || id > 255 || data.length > 255) {
      throw new RangeError(`header extension ${id} of ${data.length} bytes does not fit`)
    }
    if (twoByte) {
      into[offset++] = id
      into[offset++] = data.length
    } else {
      into[offset++] = (id << 4) | (data.length - 1)
    }
    offset += data.copy(into, offset)
  }
  into.fill(0, offset, end)
  return end
}

/** How long a receiver may hold a frame, in ms, in steps of 10 up to 40,950. */
export interface PlayoutDelay {
  readonly min: number
  readonly max: number
}

/** Two times 12 bits in units of 10 ms; min and max 0 mean "render at once". 3 bytes. */
export function writePlayoutDelay(into: Buffer, at: number, { min, max }: PlayoutDelay): void {
  into.writeUIntBE((Math.round(min / 10) << 12) | Math.round(max / 10), at, 3)
}

/** @returns undefined unless the element has its 3 bytes */
export function readPlayoutDelay(bytes: Buffer, start: number, end: number) {
  if (end - start !== 3) return undefined
  const both = bytes.readUIntBE(start, 3)
  return { min: (both >> 12) * 10, max: (both & 0xfff) * 10 } satisfies PlayoutDelay
}

/**
 * Time of sending in seconds, 6.18 bits fixed point, wrapping every 64 s. 3 bytes. Every hop
 * writes its own, or its delay would count as the network's.
 *
 * @param now ms of any steady clock: receivers use differences only
 */
export function writeAbsSendTime(into: Buffer, at: number, now: number): void {
  into.writeUIntBE(Math.floor(((now % 64_000) / 1000) * 2 ** 18) & 0xffffff, at, 3)
}

/** Transport-wide sequence number: one count over all SSRCs of a transport. 2 bytes. */
export function writeTransportSequence(into: Buffer, at: number, sequenceNumber: number): void {
  into.writeUInt16BE(sequenceNumber & 0xffff, at)
}

/** @returns undefined unless the element has 2 bytes, or 4 in the form that asks for feedback */
export function readTransportSequence(bytes: Buffer, start: number, end: number) {
  return end - start === 2 || end - start === 4 ? bytes.readUInt16BE(start) : undefined
}
