const fragmentationUnitA = 28
const fragmentHeaderLength = 2

/** As OBS does (INTEROP IO-25), and small enough for every path with SRTP and extensions on it. */
export const maxPayloadLength = 1200

/**
 * The RTP payloads of NAL units (RFC 6184): a unit that fits goes alone (§5.6), a larger one in
 * FU-A fragments (§5.8). Nothing is aggregated, so parameter sets travel in packets of their own.
 *
 * @param maxLength bytes of the largest payload, 3 or more
 * @returns payloads in sending order; the last of an access unit's carries the marker bit
 */
export function packetizeH264(
  nalUnits: readonly Buffer[],
  maxLength: number = maxPayloadLength,
): Buffer[] {
  const payloads: Buffer[] = []
  for (const nalUnit of nalUnits) {
    if (nalUnit.length <= maxLength) payloads.push(nalUnit)
    else payloads.push(...fragments(nalUnit, maxLength - fragmentHeaderLength))
  }
  return payloads
}

function fragments(nalUnit: Buffer, room: number): Buffer[] {
  const header = nalUnit[0]!
  const indicator = (header & 0xe0) | fragmentationUnitA
  const payloads: Buffer[] = []
  // The unit's own header byte is not repeated: indicator and FU header carry its bits.
  for (let start = 1; start < nalUnit.length; start += room) {
    const end = Math.min(start + room, nalUnit.length)
    const payload = Buffer.allocUnsafe(fragmentHeaderLength + end - start)
    const startBit = start === 1 ? 0x80 : 0
    const endBit = end === nalUnit.length ? 0x40 : 0
    payload[0] = indicator
    payload[1] = startBit | endBit | (header & 0x1f)
    nalUnit.copy(payload, fragmentHeaderLength, start, end)
    payloads.push(payload)
  }
  return payloads
}
