import { describe, expect, it } from 'vitest'
import { RtpPacket } from '#rtp/packet.ts'
import { type RecordedStream, readDump, recordings } from '#test/support/rtpdump.ts'
import { browser, obs, PublicationRig, recordedFormat } from './publication-rig.ts'

const videoOf = (streams: readonly RecordedStream[]) => streams.filter(({ size }) => size)
const traitsOf = (name: string) => (/^(obs|ffmpeg)/.test(name) ? obs : browser)

function play(name: string, keep?: (packet: Buffer) => boolean, until?: number): PublicationRig {
  const recording = recordings.find((one) => one.name === name)!
  const format = recordedFormat(name, videoOf(recording.streams)[0]!.pt)
  const rig = new PublicationRig(format, traitsOf(name))
  rig.play(name, keep, until)
  return rig
}

describe.each(recordings)('the recorded publisher $name', ({ name, streams }) => {
  const rig = play(name)
  const { publication } = rig

  it('has its layers found, with every packet in its log once', () => {
    const found = publication.layers.all.map(({ ssrc, rid }) => ({ ssrc, rid }))
    const video = videoOf(streams)
    const audio = streams.find(({ codec }) => codec === 'OPUS')!
    const isSimulcast = video.length > 1
    const expected = video.map(({ ssrc, rid }) => ({ ssrc, rid: isSimulcast ? rid : undefined }))
    expect(found).toHaveLength(expected.length + 1)
    expect(found).toEqual(
      expect.arrayContaining([{ ssrc: audio.ssrc, rid: undefined }, ...expected]),
    )
    for (const layer of publication.layers.all) {
      const stream = streams.find(({ ssrc }) => ssrc === layer.ssrc)!
      const first = rig.delivered(layer)[0]!
      expect(first & 0xffff).toBe(stream.firstSeq)
      expect(rig.delivered(layer)).toEqual(
        Array.from({ length: stream.packets }, (_, i) => first + i),
      )
    }
  })

  it('has its keyframes found where they start', () => {
    for (const layer of publication.layers.videoLayers) {
      const stream = streams.find(({ ssrc }) => ssrc === layer.ssrc)!
      const newest = stream.keyframes!.at(-1)!
      const place = { bytes: Buffer.alloc(0), offset: 0, length: 0 }
      expect(layer.log.keyframe! & 0xffff).toBe(newest.seq)
      expect(layer.log.locate(layer.log.keyframe!, place)).toBe(true)
      const packet = new RtpPacket()
      packet.read(place.bytes, place.offset, place.offset + place.length)
      expect(packet.timestamp).toBe(newest.ts)
    }
    const told = rig.keyframes.filter(({ layer }) => layer === publication.layers.video)
    const watched = streams.find(({ ssrc }) => ssrc === publication.layers.video?.ssrc)!
    expect(told.map(({ index }) => index & 0xffff)).toEqual(
      watched.keyframes!.map(({ seq }) => seq),
    )
  })

  it('has its size and profile read from the stream, and shows its largest layer', () => {
    const sizes = publication.layers.videoLayers.map(({ inspector, ssrc }) => ({
      ssrc,
      size: `${inspector?.facts.width}x${inspector?.facts.height}`,
    }))
    const video = videoOf(streams)
    expect(sizes).toHaveLength(video.length)
    expect(sizes).toEqual(expect.arrayContaining(video.map(({ ssrc, size }) => ({ ssrc, size }))))
    const widest = Math.max(...video.map(({ size }) => Number.parseInt(size!, 10)))
    expect(publication.layers.video?.inspector?.facts).toMatchObject({
      width: widest,
      reordered: false,
    })
    const profiles = video[0]!.spsProfileLevel
    if (profiles) expect(profiles).toContain(publication.layers.video?.inspector?.facts.profile)
  })

  it('has the time between its keyframes measured', () => {
    const stream = streams.find(({ ssrc }) => ssrc === publication.layers.video?.ssrc)!
    const times = stream.keyframes!.map(({ seq }) => arrivalOf(name, stream.ssrc, seq))
    const { keyframeInterval } = publication.layers.video!
    if (times.length < 2) expect(keyframeInterval).toBeUndefined()
    // By its RTP time, to whose beat an encoder under load does not keep.
    else expect(Math.abs(keyframeInterval! - (times.at(-1)! - times.at(-2)!))).toBeLessThan(100)
  })

  it('is asked for nothing again: nothing was lost (IO-66)', () => {
    expect(publication.feedback.nacks).toBe(0)
    const asked = rig.plane.rtcp.flatMap(({ packets }) => packets).filter(isNack)
    expect(asked).toEqual([])
    expect(publication.layers.all.map(({ lossFraction }) => lossFraction)).toEqual(
      publication.layers.all.map(() => 0),
    )
  })

  it('gives every log a clock', () => {
    for (const { logId } of publication.layers.all) expect(rig.plane.clocks.has(logId)).toBe(true)
  })
})

function arrivalOf(name: string, ssrc: number, sequenceNumber: number): number {
  for (const { ms, rtcp, packet } of readDump(name)) {
    const view = rtcp ? undefined : RtpPacket.parse(packet)
    if (view?.ssrc === ssrc && view.sequenceNumber === sequenceNumber) return ms
  }
  throw new Error(`no packet ${sequenceNumber} in ${name}`)
}

const isNack = ({ kind }: { kind: string }) => kind === 'nack'

describe('two packets that ffmpeg has to send again (IO-42)', () => {
  const isKept = (packet: Buffer) => {
    const view = RtpPacket.parse(packet)!
    return view.ssrc !== 1845253191 || ![4018, 4019].includes(view.sequenceNumber)
  }
  const rig = play('ffmpeg-9-nack', isKept, 5000)
  const { publication } = rig

  it('are asked for in a datagram of their own', () => {
    const asking = rig.plane.rtcp.filter(({ packets }) => packets.some(isNack))
    expect(asking[0]?.packets).toEqual([
      { kind: 'nack', sender: 1, media: 1845253191, lost: [4018, 4019] },
    ])
    expect(asking.every(({ packets }) => packets.length === 1)).toBe(true)
    expect(rig.observer.told).toContain('nacked in 2')
  })

  it('fill their holes when they come by RTX, late and under their own numbers', () => {
    const layer = publication.layers.video!
    const delivered = rig.delivered(layer)
    expect(delivered.toSorted((a, b) => a - b)).toEqual(delivered.map((_, i) => delivered[0]! + i))
    const place = { bytes: Buffer.alloc(0), offset: 0, length: 0 }
    const index = delivered.find((one) => (one & 0xffff) === 4018)!
    expect(delivered.indexOf(index)).toBeGreaterThan(delivered.indexOf(index + 2))
    expect(layer.log.locate(index, place)).toBe(true)
    const packet = RtpPacket.parse(place.bytes.subarray(place.offset, place.offset + place.length))
    expect(packet).toMatchObject({ ssrc: 1845253191, sequenceNumber: 4018, payloadType: 106 })
  })
})
