import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { KeyframeWatch } from '#load/keyframe-watch.ts'
import { isH264Keyframe } from '#rtp/codecs/h264.ts'
import { buildRtp, RtpPacket } from '#rtp/packet.ts'
import { hex } from '#test/support/bytes.ts'

const idr = ['09f0', '6742c01f', '68ce3c80', '7c85aa', '7c05bb', '7c45cc']
const delta = ['09f0', '5c81aa', '5c41bb']

/** Frames as packets, numbered from `first` on; each frame has a timestamp of its own. */
function stream(frames: readonly (readonly string[])[], first = 100): RtpPacket[] {
  let sequenceNumber = first
  return frames.flatMap((payloads, frame) =>
    payloads.map((payload, index) => {
      const marker = index === payloads.length - 1
      const header = { payloadType: 96, timestamp: frame * 3000, ssrc: 1, marker }
      return RtpPacket.parse(
        buildRtp({ ...header, sequenceNumber: sequenceNumber++ }, hex(payload)),
      )!
    }),
  )
}

/** Sequence numbers of the packets at which a keyframe was called complete. */
function completions(packets: readonly RtpPacket[]): number[] {
  const watch = new KeyframeWatch(isH264Keyframe)
  return packets
    .filter((packet) => watch.receive(packet.sequenceNumber + 0x10000, packet))
    .map(({ sequenceNumber }) => sequenceNumber)
}

describe('the first complete keyframe', () => {
  it('is complete with its last packet', () => {
    expect(completions(stream([idr, delta]))).toEqual([105])
  })

  it('is not any complete frame', () => {
    expect(completions(stream([delta, delta, delta]))).toEqual([])
  })

  it('waits for the packet that is missing', () => {
    const [a, b, c, d, e, f, ...rest] = stream([idr, delta])
    expect(completions([a!, b!, c!, e!, f!, ...rest, d!])).toEqual([103])
  })

  it('waits for its first packet, where the frame before it was seen', () => {
    const packets = stream([delta, idr, delta])
    const late = packets[3]!
    const rest = packets.filter((packet) => packet !== late)
    expect(completions(rest)).toEqual([])
    expect(completions([...rest, late])).toEqual([103])
  })

  it('never forgives a hole', () => {
    const packets = stream([delta, idr, delta])
    for (let missing = 3; missing <= 8; missing++) {
      expect(completions(packets.filter((_, index) => index !== missing))).toEqual([])
    }
  })

  it('comes in any order once the frame before it is known', () => {
    const packets = stream([delta, idr, delta])
    const shuffled = fc.shuffledSubarray(packets.slice(3, 9), { minLength: 6 })
    fc.assert(
      fc.property(shuffled, (order) => {
        const all = [...packets.slice(0, 3), ...order]
        expect(completions(all)).toEqual([order.at(-1)!.sequenceNumber])
      }),
    )
  })
})
