/**
 * An Ogg file of one Opus stream (RFC 3533 §6). Checksums are zero: readers of local files do
 * not look at them.
 *
 * @param perPage audio packets in one page
 * @param splitAfterSegments ends every audio page after so many segments, packets or not
 */
export function oggOpus(
  packets: readonly Buffer[],
  perPage: number,
  { splitAfterSegments = 255 } = {},
): Buffer {
  const head = Buffer.from('OpusHead\x01\x02\x38\x01\x80\xbb\x00\x00\x00\x00\x00', 'latin1')
  const tags = Buffer.from('OpusTags\x00\x00\x00\x00\x00\x00\x00\x00', 'latin1')
  const pages = [page(segmentsOf([head])), page(segmentsOf([tags]))]
  for (let first = 0; first < packets.length; first += perPage) {
    const segments = segmentsOf(packets.slice(first, first + perPage))
    for (let at = 0; at < segments.length; at += splitAfterSegments) {
      pages.push(page(segments.slice(at, at + splitAfterSegments)))
    }
  }
  return Buffer.concat(pages)
}

/** 255 bytes each, and a shorter, maybe empty one to end each packet. */
function segmentsOf(packets: readonly Buffer[]): Buffer[] {
  return packets.flatMap((packet) => {
    const segments: Buffer[] = []
    for (let at = 0; at <= packet.length; at += 255) segments.push(packet.subarray(at, at + 255))
    return segments
  })
}

function page(segments: readonly Buffer[]): Buffer {
  const header = Buffer.alloc(27 + segments.length)
  header.write('OggS', 'latin1')
  header[26] = segments.length
  segments.forEach((segment, index) => {
    header[27 + index] = segment.length
  })
  return Buffer.concat([header, ...segments])
}
