import { JoinTimes } from '#relay/join-times.ts'
import type { KeyframeAnswers } from '#relay/keyframe-requests.ts'
import type { JoinPhase } from '#relay/stream-status.ts'
import { UpLayer } from '#relay/up-layer.ts'
import { Viewer } from '#relay/viewer.ts'
import { buildRtp, RtpPacket } from '#rtp/packet.ts'
import { keys, path } from '#test/native/twin/track-rig.ts'
import { hex } from '#test/support/bytes.ts'
import { type PlaneCommand, RecordingPlane } from '#test/support/recording-plane.ts'
import { SlabWriter } from '#test/support/stored-packets.ts'
import { edited, local, realOffer } from '#test/webrtc/sdp/offers.ts'
import { parseOffer } from '#webrtc/sdp/offer.ts'
import { answerViewer } from '#webrtc/sdp/view-answer.ts'
import type { NegotiatedView } from '#webrtc/sdp/viewed-track.ts'
import { CountingObserver } from './counting-observer.ts'

const chromium = realOffer('chromium-156/offer-recvonly.gathered.sdp')
export const vp8View = answerViewer(
  parseOffer(chromium),
  { audio: { codec: 'opus' }, video: { codec: 'VP8' } },
  local,
).view
/** Of a viewer that takes no transport-wide numbers. */
export const plainView = answerViewer(
  parseOffer(edited(chromium, /a=rtcp-fb:\d+ transport-cc\r\n/g, '')),
  { audio: { codec: 'opus' }, video: { codec: 'VP8' } },
  local,
).view

/** VP8: a keyframe of 640 by 480 (SRTP-124), and the packet of a later frame. */
const payloads = { keyframe: hex('908001100200 9d012a 8002 e001'), frame: hex('9080011101') }

/** A layer of VP8 and what arrives in it: 100 packets a second, each a frame. */
export class LayerRig {
  readonly layer: UpLayer
  readonly #writer = new SlabWriter()
  #next = 100

  constructor(
    plane: RecordingPlane,
    codec: UpLayer['codec'] = 'VP8',
    keyframeAnswers: KeyframeAnswers = 'yes',
  ) {
    this.layer = new UpLayer(plane, {
      codec,
      clockRate: 90_000,
      rid: undefined,
      repair: true,
      keyframeAnswers,
    })
    this.layer.ssrc = 5
  }

  /** @returns index of the packet in the log */
  receive(kind: keyof typeof payloads, now: number, size = 0): number {
    const sequenceNumber = this.#next++
    const padded = Buffer.concat([payloads[kind], Buffer.alloc(size)])
    const header = { ssrc: 5, payloadType: 96, sequenceNumber, marker: true }
    const bytes = buildRtp({ ...header, timestamp: sequenceNumber * 900 }, padded)
    const { slab, offset, length } = this.#writer.write(bytes)
    const packet = new RtpPacket()
    packet.read(slab.bytes, offset, offset + length)
    this.layer.receive(packet, slab, { now, repaired: false, sent: undefined })
    this.layer.flush()
    return this.layer.log.end - 1
  }
}

/** A viewer, secured, in a plane that records. */
export class ViewerRig {
  readonly plane: RecordingPlane
  readonly observer = new CountingObserver()
  readonly viewer: Viewer
  readonly phases: [JoinPhase, number][] = []
  readonly videoTrack: number
  readonly audioTrack: number

  constructor(view: NegotiatedView = vp8View, plane = new RecordingPlane()) {
    this.plane = plane
    plane.addPeer(9, keys, path)
    const joinTimes = new JoinTimes(0, (phase, ms) => this.phases.push([phase, ms]))
    this.viewer = new Viewer(9, view, { plane, observer: this.observer }, joinTimes)
    const [videoTrack, audioTrack] = this.viewer.tracks
    this.videoTrack = videoTrack!
    this.audioTrack = audioTrack!
    plane.take()
  }

  /** Watches a publication of these layers. */
  watch(video: LayerRig | undefined, now: number, audio?: LayerRig): void {
    const watched = { video: video?.layer, audio: audio?.layer, layered: false, offered: [] }
    this.viewer.watch(watched, now)
  }

  /** What the plane was told since the last call, shortened. */
  take(): unknown[] {
    return this.plane.take().map(shortened)
  }
}

function shortened(command: PlaneCommand): unknown[] {
  if (command.kind === 'replay') return ['replay', command.replay.from]
  if (command.kind === 'follow') return ['follow', command.track, command.source]
  if (command.kind === 'setPace') return ['pace', command.pace]
  if (command.kind === 'retransmit') return ['retransmit', command.track, ...command.numbers]
  return [command.kind]
}
