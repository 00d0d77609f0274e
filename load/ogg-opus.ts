/** One Opus packet and how long it sounds, in ticks of 48 kHz. */
export interface OpusPacket {
  readonly bytes: Buffer
  readonly ticks: number
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
    const ticks = opusDuration(bytes)
    return ticks === undefined ? [] : [{ bytes, ticks }]
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

/** Frame lengths in ticks of 48 kHz by the low bits of the configuration (RFC 6716 table 2). */
const silkFrames = [480, 960, 1920, 2880]
const celtFrames = [120, 240, 480, 960]
const longestPacket = 5760

/** @returns ticks of 48 kHz, or undefined for what is no Opus packet (RFC 6716 §3.1, §3.4) */
export function opusDuration(packet: Buffer): number | undefined {
  const toc = packet[0]
  if (toc === undefined) return undefined
  const configuration = toc >> 3
  const frames = frameCount(toc & 3, packet[1])
  if (frames === undefined) return undefined
  const ticks = frames * frameTicks(configuration)
  return ticks > 0 && ticks <= longestPacket ? ticks : undefined
}

function frameTicks(configuration: number): number {
  if (configuration < 12) return silkFrames[configuration & 3]!
  if (configuration < 16) return silkFrames[configuration & 1]!
  return celtFrames[configuration & 3]!
}

function frameCount(code: number, second: number | undefined): number | undefined {
  if (code === 0) return 1
  if (code < 3) return 2
  return second === undefined ? undefined : second & 0x3f
}
