import { expect, it } from 'vitest'
import { JoinTimes } from '#relay/join-times.ts'
import { Viewer } from '#relay/viewer.ts'
import type { PlaneCommand } from '#test/support/recording-plane.ts'
import { local, realOffer } from '#test/webrtc/sdp/offers.ts'
import { parseOffer } from '#webrtc/sdp/offer.ts'
import { answerViewer } from '#webrtc/sdp/view-answer.ts'
import { browser, obs, PublicationRig, recordedFormat } from './publication-rig.ts'

/** The replay that a viewer of a recorded publisher is sent. */
function replayOf(name: string, payloadType: number, traits = obs) {
  const rig = new PublicationRig(recordedFormat(name, payloadType), traits)
  rig.play(name)
  const { publication, plane, observer, clock } = rig
  const codec = publication.video!.codec as 'H264' | 'VP8'
  const offer = parseOffer(realOffer('chromium-156/offer-recvonly.gathered.sdp'))
  const { view } = answerViewer(offer, { video: { codec } }, local)
  plane.addPeer(1, {} as never, {} as never)
  const viewer = new Viewer(1, view, { plane, observer }, new JoinTimes(0, () => {}))
  plane.take()
  viewer.watch(publication, clock.now())
  return plane.take().find((command): command is PlaneCommand & { kind: 'replay' } => {
    return command.kind === 'replay'
  })?.replay
}

it('go before a replayed keyframe of OBS, which has its own too: one of them may be lost', () => {
  const types = replayOf('obs-32-default-gop', 96)?.prefix?.map((unit) => unit[0]! & 0x1f)
  expect(types).toEqual([7, 8])
})

it('are not there for codecs that have none', () => {
  expect(replayOf('chromium-156-vp8', 96, browser)).not.toHaveProperty('prefix')
})
