import { classify } from '#native/demux.ts'
import { RtpPacket } from '#rtp/packet.ts'
import { hex } from '#test/support/bytes.ts'
import { type Figure, figure } from './figure.ts'
import { microsecondsPerCall } from './sampling.ts'

// A packet as Chromium sends it: one-byte extensions with mid and a transport-wide number.
const packet = Buffer.concat([
  hex('9060 1234 decafbad cafebabe bede 0002 10 31 31 0102 00 00 00'),
  Buffer.alloc(1100, 0xab),
])

/** Reading one RTP packet, and sorting one datagram. */
export function run(): Figure[] {
  const view = new RtpPacket()
  let sum = 0
  const bare = microsecondsPerCall(1_000_000, () => {
    sum += packet.readUInt16BE(2) + packet.readUInt32BE(4) + packet.readUInt32BE(8)
  })
  const read = microsecondsPerCall(1_000_000, () => {
    view.read(packet, 0, packet.length)
    sum += view.sequenceNumber + view.timestamp + view.ssrc
  })
  const extension = microsecondsPerCall(1_000_000, () => {
    view.read(packet, 0, packet.length)
    if (view.extensions.find(3)) sum += view.extensions.start
  })
  const sort = microsecondsPerCall(1_000_000, () => {
    if (classify(packet) === 'rtp') sum++
  })
  const reference = ['three bare reads of the header', bare] as const
  if (sum === 0) throw new Error('nothing was read')
  return [
    figure('RtpPacket.read', 'µs', read, reference),
    figure('RtpPacket.read and find an extension', 'µs', extension, reference),
    figure('classify a datagram', 'µs', sort, reference),
  ]
}
