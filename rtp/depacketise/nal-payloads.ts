/** What a NAL unit is to a file: its samples, its parameter sets, or nothing. */
type NalUse = 'picture' | 'keyframe' | 'other' | 'omitted'

/** How a payload format of NAL units differs from the other. */
export interface NalPayloads {
  /** Bytes of a NAL unit's header. */
  readonly headerSize: number
  readonly aggregation: number
  readonly fragment: number
  /** NAL unit types from there on make no sense but for the two above. */
  readonly firstReserved: number
  typeOf(firstByte: number): number
  /** Type in the header of a fragment. */
  fragmentType(header: number): number
  /** First byte of the NAL unit that is sent in fragments. */
  firstByteOf(payload: number, fragmentHeader: number): number
  useOf(type: number): NalUse
}

/** RFC 6184, packetization modes 0 and 1; types of H.264 table 7-1. */
export const h264Payloads: NalPayloads = {
  headerSize: 1,
  aggregation: 24,
  fragment: 28,
  firstReserved: 24,
  typeOf: (firstByte) => firstByte & 0x1f,
  fragmentType: (header) => header & 0x1f,
  firstByteOf: (payload, header) => (payload & 0xe0) | (header & 0x1f),
  useOf: (type) => {
    if (type === 5) return 'keyframe'
    if (type >= 1 && type <= 4) return 'picture'
    // SPS and PPS, delimiters, ends and filler, SPS extension.
    return type === 0 || (type >= 7 && type <= 13) ? 'omitted' : 'other'
  },
}

/** RFC 7798 without DONL fields; types of H.265 table 7-1. */
export const h265Payloads: NalPayloads = {
  headerSize: 2,
  aggregation: 48,
  fragment: 49,
  firstReserved: 48,
  typeOf: (firstByte) => (firstByte >> 1) & 0x3f,
  fragmentType: (header) => header & 0x3f,
  firstByteOf: (payload, header) => (payload & 0x81) | ((header & 0x3f) << 1),
  useOf: (type) => {
    if (type >= 16 && type <= 21) return 'keyframe'
    if (type < 32) return 'picture'
    // VPS, SPS, PPS, delimiters, ends and filler.
    return type <= 38 ? 'omitted' : 'other'
  },
}
