import { opusDuration } from '#rtp/codecs/opus.ts'

export interface OpusPacket {
  readonly bytes: Buffer
  /** How long it sounds, in ms. */
  readonly duration: number
}

const pageHeaderLength = 27
const capturePattern = 'OggS'

/**
 * The audio packets of an Ogg file with one Opus stream (RFC 3533 §6, RFC 7845 §3).
 *
 * @throws Error that says what of the file is not Ogg Opus
 */
export function readOggOpus(file: Buffer): OpusPacket[] {
  const packets = readOggPackets(file)
  const [head, tags, ...audio] = packets
  if (head?.toString('latin1', 0, 8) !== 'OpusHead' || !tags) {
    throw new Error('it is an Ogg file, but its first packet is no Opus header')
  }
  return audio.flatMap((bytes) => {
    const duration = opusDuration(bytes, 0, bytes.length)
    return duration === undefined ? [] : [{ bytes, duration }]
  })
}

function readOggPackets(file: Buffer): Buffer[] {
  const packets: Buffer[] = []
  let pending: Buffer[] = []
  let at = 0
  while (at + pageHeaderLength <= file.length) {
    if (file.toString('latin1', at, at + 4) !== capturePattern) {
      throw new Error(`it is no Ogg file: no page begins at byte ${at}`)
    }
    const segments = file[at + 26]!
    let body = at + pageHeaderLength + segments
    for (let segment = 0; segment < segments; segment++) {
      const length = file[at + pageHeaderLength + segment] ?? 0
      pending.push(file.subarray(body, body + length))
      body += length
      // A lacing value of 255 says that the packet goes on in the next segment.
      if (length === 255) continue
      packets.push(pending.length === 1 ? pending[0]! : Buffer.concat(pending))
      pending = []
    }
    if (body > file.length) throw new Error('its last Ogg page is cut off')
    at = body
  }
  return packets
}
