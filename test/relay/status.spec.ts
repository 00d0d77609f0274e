import { describe, expect, it } from 'vitest'
import { streamStatus } from '#relay/status.ts'
import { Stream } from '#relay/stream.ts'
import { buildRtp } from '#rtp/packet.ts'
import { hex } from '#test/support/bytes.ts'
import { obs, PublicationRig, recordedFormat } from './publication-rig.ts'
import { ViewerRig } from './viewer-rig.ts'

const name = { tenant: 'default', stream: 'demo' }

describe('the status of a stream', () => {
  it('is short while nobody publishes', () => {
    const stream = new Stream(name, 0, Date.UTC(2026, 0, 1))
    expect(streamStatus(stream, 0)).toEqual({
      name,
      state: 'inactive',
      epoch: 0,
      since: '2026-01-01T00:00:00.000Z',
      publisher: undefined,
      video: undefined,
      audio: undefined,
      viewers: 0,
      joins: { count: 0, phases: {} },
      warnings: [],
    })
  })

  it('says what a recorded OBS sends, with its long GOP', () => {
    const rig = new PublicationRig(recordedFormat('obs-32-default-gop', 96), obs)
    const stream = new Stream(name, 0, 0)
    stream.publish(rig.publication, 0, Date.UTC(2026, 0, 1))
    stream.join(new ViewerRig(undefined, rig.plane).viewer, rig.clock.now())
    rig.play('obs-32-default-gop')
    const status = streamStatus(stream, rig.clock.now())
    const { bitrate: _video, ...video } = status.video!
    expect({ ...status, video, joins: undefined }).toEqual({
      name,
      state: 'live',
      epoch: 1,
      since: '2026-01-01T00:00:00.000Z',
      publisher: {
        client: 'obs',
        connectedMs: 19_166,
        bitrate: expect.any(Number),
        lossFraction: 0,
        nacks: 0,
        jitterMs: expect.any(Number),
      },
      video: {
        codec: 'H264',
        profileLevelId: '64001e',
        width: 640,
        height: 360,
        framesPerSecond: 30,
        gopMs: 8333,
        gopPackets: 2311 - 2007,
        reordered: false,
        answersKeyframeRequests: 'no',
        replay: 'ready',
      },
      audio: { codec: 'opus', channels: 2, bitrate: expect.any(Number) },
      viewers: 1,
      joins: undefined,
      warnings: [expect.objectContaining({ code: 'long-keyframe-interval' })],
    })
    // 380 kbit/s of video and 64 of audio were set, headers come on top.
    expect(status.publisher!.bitrate / 1000).toBeGreaterThan(400)
    expect(status.publisher!.bitrate / 1000).toBeLessThan(600)
  })

  it('says that there was no keyframe yet, and that one had to be given up', () => {
    const rig = new PublicationRig(recordedFormat('obs-32-default-gop', 96), obs)
    const stream = new Stream(name, 0, 0)
    stream.publish(rig.publication, 0, 0)
    // Its first packet alone is an SEI.
    let packets = 0
    rig.play('obs-32-default-gop', (packet) => packet[1] === 96 && ++packets === 1)
    expect(streamStatus(stream, rig.clock.now()).video).toMatchObject({
      replay: 'no-keyframe-yet',
      gopPackets: 0,
      gopMs: 0,
    })
  })

  it('tells a full log from one that has had no keyframe', () => {
    const rig = new PublicationRig(recordedFormat('obs-32-default-gop', 96), obs)
    const stream = new Stream(name, 0, 0)
    stream.publish(rig.publication, 0, 0)
    rig.play('obs-32-default-gop', undefined, 8000)
    expect(streamStatus(stream, rig.clock.now()).video?.replay).toBe('ready')
    rig.run(13_000)
    const { ssrc, log } = rig.publication.layers.video!
    const header = { ssrc: ssrc!, payloadType: 96, timestamp: 1, sequenceNumber: log.end & 0xffff }
    // A later part of a P frame, 21 s after the keyframe.
    rig.receive(buildRtp(header, hex('5c019a')))
    expect(streamStatus(stream, rig.clock.now()).video).toMatchObject({
      replay: 'log-full',
      gopPackets: 0,
    })
  })
})
