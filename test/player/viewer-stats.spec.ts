import { describe, expect, it } from 'vitest'
import { playerModule } from '#test/support/player.ts'

const { ViewerStatsReader } = await playerModule('viewer-stats.ts')

/** As Chromium reports a received stream (webrtc-stats §7), `seconds` after its start. */
const report = (seconds: number, { lost = 0 } = {}) => [
  {
    type: 'inbound-rtp',
    kind: 'video',
    timestamp: seconds * 1000,
    bytesReceived: seconds * 250_000,
    packetsReceived: seconds * 200 - lost,
    packetsLost: lost,
    framesDecoded: seconds * 30,
    frameWidth: 1280,
    frameHeight: 720,
    framesPerSecond: 30,
    freezeCount: 1,
    codecId: 'c1',
  },
  {
    type: 'inbound-rtp',
    kind: 'audio',
    timestamp: seconds * 1000,
    bytesReceived: seconds * 12_500,
    packetsReceived: seconds * 50,
    packetsLost: 0,
  },
  { type: 'codec', id: 'c1', mimeType: 'video/H264' },
  { type: 'candidate-pair', nominated: true, state: 'succeeded', currentRoundTripTime: 0.02 },
]

describe('what a viewer is told', () => {
  it('is the picture, and rates over the time between two reports', () => {
    const reader = new ViewerStatsReader()
    reader.read(report(1))
    expect(reader.read(report(3, { lost: 50 }))).toEqual({
      progress: 90,
      width: 1280,
      height: 720,
      framesPerSecond: 30,
      codec: 'H264',
      bitrate: 2_100_000,
      rttMs: 20,
      lossFraction: 0.1,
      freezes: 1,
    })
  })

  it('has no rates at first, nor when counting begins anew', () => {
    const reader = new ViewerStatsReader()
    expect(reader.read(report(5))).toMatchObject({ bitrate: undefined, lossFraction: undefined })
    expect(reader.read(report(1))).toMatchObject({ bitrate: undefined, lossFraction: undefined })
  })

  it('counts sound as progress where there is no picture', () => {
    const [, audio] = report(2)
    expect(new ViewerStatsReader().read([audio!])).toMatchObject({
      progress: 100,
      width: undefined,
    })
  })

  it('is nothing where nothing has come', () => {
    expect(new ViewerStatsReader().read([])).toMatchObject({ progress: 0, bitrate: undefined })
  })
})
