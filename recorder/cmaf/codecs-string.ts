import type { StreamFacts } from '#rtp/codecs/stream-facts.ts'
import type { VideoCodec } from '#rtp/codecs/video-codec.ts'

/** Video that an MP4 of ours can have. */
export type FileCodec = Exclude<VideoCodec, 'VP8'>

/** NAL unit type of an SPS in the first byte of its header (H.265 table 7-1). */
const h265Sps = 33

/** For a level, so many pictures a second are reckoned with. */
const framesPerSecond = 60

/** VP9 levels: luma samples of a second and of a picture at most (VP9 bitstream §A). */
const vp9Levels: readonly (readonly [level: string, rate: number, size: number])[] = [
  ['10', 829_440, 36_864],
  ['11', 2_764_800, 73_728],
  ['20', 4_608_000, 122_880],
  ['21', 9_216_000, 245_760],
  ['30', 20_736_000, 552_960],
  ['31', 36_864_000, 983_040],
  ['40', 83_558_400, 2_228_224],
  ['41', 160_432_128, 2_228_224],
  ['50', 311_951_360, 8_912_896],
  ['51', 588_251_136, 8_912_896],
  ['52', 1_176_502_272, 8_912_896],
  ['60', 1_176_502_272, 35_651_584],
  ['61', 2_353_004_544, 35_651_584],
  ['62', 4_706_009_088, 35_651_584],
]

/** A stream as CODECS names it (RFC 6381); undefined while its facts are not known. */
export function codecsOf(codec: FileCodec, facts: StreamFacts): string | undefined {
  const { profile, level } = facts
  if (profile === undefined) return undefined
  switch (codec) {
    case 'H264':
      return `avc1.${profile}`
    case 'H265': {
      const sps = facts.parameterSets.find((nal) => ((nal[0]! >> 1) & 0x3f) === h265Sps)
      return sps && hevcCodecs(sps)
    }
    case 'VP9':
      return `vp09.${twoDigits(Number(profile))}.${vp9Level(facts)}.${twoDigits(facts.bitDepth ?? 8)}`
    case 'AV1': {
      const tier = facts.tier === 1 ? 'H' : 'M'
      return `av01.${profile}.${twoDigits(level ?? 0)}${tier}.${twoDigits(facts.bitDepth ?? 8)}`
    }
  }
}

/**
 * `hvc1.` profile space and profile, compatibility flags from the last one, tier and level,
 * constraint bytes without the last that are zero (ISO 14496-15 §E.3).
 */
function hevcCodecs(sps: Buffer): string | undefined {
  // Behind two bytes of header and one of sub-layers: profile_tier_level (H.265 §7.3.3).
  const bytes = unescaped(sps).subarray(3)
  if (bytes.length < 12) return undefined
  const space = ['', 'A', 'B', 'C'][bytes[0]! >> 6]!
  const tier = bytes[0]! & 0x20 ? 'H' : 'L'
  const profile = bytes[0]! & 0x1f
  let flags = 0
  for (let bit = 0; bit < 32; bit++) flags = flags * 2 + ((bytes.readUInt32BE(1) >>> bit) & 1)
  const constraints = [...bytes.subarray(5, 11)]
  while (constraints.at(-1) === 0) constraints.pop()
  const tail = constraints.map((byte) => `.${hexOf(byte)}`).join('')
  return `hvc1.${space}${profile}.${hexOf(flags)}.${tier}${bytes[11]}${tail}`
}

/** Without the 3 behind two zero bytes (H.265 §7.4.2). */
function unescaped(nal: Buffer): Buffer {
  const bytes: number[] = []
  let zeros = 0
  for (const byte of nal.subarray(0, 64)) {
    const isEscape = zeros >= 2 && byte === 3
    zeros = byte === 0 ? zeros + 1 : 0
    if (!isEscape) bytes.push(byte)
  }
  return Buffer.from(bytes)
}

function vp9Level({ width = 0, height = 0 }: StreamFacts): string {
  const size = width * height
  const fits = vp9Levels.find(([, rate, most]) => size <= most && size * framesPerSecond <= rate)
  return (fits ?? vp9Levels.at(-1)!)[0]
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0')
}

function hexOf(value: number): string {
  return value.toString(16).toUpperCase()
}
