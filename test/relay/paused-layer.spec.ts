import { describe, expect, it } from 'vitest'
import { UpLayer } from '#relay/up-layer.ts'
import { buildRtp, RtpPacket } from '#rtp/packet.ts'
import { hex } from '#test/support/bytes.ts'
import { RecordingPlane } from '#test/support/recording-plane.ts'
import { SlabWriter } from '#test/support/stored-packets.ts'

const keyframe = hex('908001100200 9d012a 8002 e001')
const frame = hex('9080011101')

class Rig {
  readonly plane = new RecordingPlane()
  readonly layer = new UpLayer(this.plane, {
    ...{ codec: 'VP8', clockRate: 90_000, rid: undefined, repair: true, keyframeAnswers: 'no' },
  } as const)
  readonly #writer = new SlabWriter()
  readonly #view = new RtpPacket()

  receive(sequenceNumber: number, now: number, payload = frame): void {
    const header = { ssrc: 5, payloadType: 96, sequenceNumber, marker: true }
    const packet = buildRtp({ ...header, timestamp: sequenceNumber * 900 }, payload)
    const { slab, offset, length } = this.#writer.write(packet)
    this.#view.read(slab.bytes, offset, offset + length)
    this.layer.receive(this.#view, slab, { now, repaired: false, sent: undefined })
    this.layer.flush()
  }
}

/** A layer that came for a while and is not wanted any more; its newest keyframe is at 10. */
function paused(): Rig {
  const rig = new Rig()
  rig.layer.beginRun({ ssrc: 1, base: 0, from: 0, end: 0 }, 0)
  for (let at = 0; at < 20; at++) rig.receive(at, at * 10, at % 10 === 0 ? keyframe : frame)
  rig.layer.pause()
  return rig
}

describe('a layer that is wanted again while its keyframe is the same', () => {
  it('has that keyframe when all comes in order', () => {
    const rig = paused()
    rig.layer.beginRun({ ssrc: 2, base: 0, from: 10, end: 24 }, 1000)
    for (let at = 10; at < 24; at++) rig.receive(at, 1000, at === 10 ? keyframe : frame)
    expect(rig.layer.log.keyframe).toBe(10)
  })

  it('has it when its first packet comes second', () => {
    const rig = paused()
    rig.layer.beginRun({ ssrc: 2, base: 0, from: 10, end: 24 }, 1000)
    for (const at of [11, 10, 12, 13]) rig.receive(at, 1000, at === 10 ? keyframe : frame)
    expect(rig.layer.log.keyframe).toBe(10)
  })

  it('is not held meanwhile, nor by the plane', () => {
    const rig = new Rig()
    const { logId } = rig.layer
    rig.layer.beginRun({ ssrc: 1, base: 0, from: 0, end: 0 }, 0)
    for (let at = 0; at < 20; at++) rig.receive(at, at * 10, at % 10 === 0 ? keyframe : frame)
    rig.layer.pause()
    expect(rig.plane.commands).toContainEqual({ kind: 'closeLog', log: logId })
    expect(rig.layer.logId).not.toBe(logId)
    expect(rig.layer.log.bytes).toBe(0)
    expect(rig.layer.active).toBe(false)
  })
})
