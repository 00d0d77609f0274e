import { expect, it } from 'vitest'
import { JoinTimes } from '#relay/join-times.ts'
import { Viewer } from '#relay/viewer.ts'
import { local, realOffer } from '#test/webrtc/sdp/offers.ts'
import { parseOffer } from '#webrtc/sdp/offer.ts'
import { answerViewer } from '#webrtc/sdp/view-answer.ts'
import { obs, PublicationRig, recordedFormat } from './publication-rig.ts'

/** The replay that a viewer is sent of OBS as recorded, with or without its own parameter sets. */
function replayed(keep: (nalType: number) => boolean) {
  const name = 'obs-32-default-gop'
  const rig = new PublicationRig(recordedFormat(name, 96), obs)
  // Its first keyframe is whole; 8.3 s later another one begins, without what is not kept.
  let keyframes = 0
  rig.play(name, (packet) => {
    if ((packet[1]! & 0x7f) !== 96) return true
    const header = 12 + 4 + 4 * packet.readUInt16BE(14)
    const type = packet[header]! & 0x1f
    if (type === 7) keyframes++
    return keyframes < 2 || keep(type)
  })
  const offer = parseOffer(realOffer('chromium-156/offer-recvonly.gathered.sdp'))
  const { view } = answerViewer(offer, { video: { codec: 'H264' } }, local)
  rig.plane.addPeer(1, {} as never, {} as never)
  const { publication, plane, observer, clock } = rig
  const viewer = new Viewer(1, view, { plane, observer }, new JoinTimes(0, () => {}))
  viewer.watch(publication.layers, clock.now())
  const replay = plane.take().find(({ kind }) => kind === 'replay')
  return (replay as { replay?: { prefix?: readonly Buffer[] } } | undefined)?.replay
}

it('the last seen go before a keyframe that comes without (DESIGN §5)', () => {
  const types = replayed((type) => type !== 7 && type !== 8)?.prefix?.map((unit) => unit[0]! & 0x1f)
  expect(types).toEqual([7, 8])
})

it('a keyframe that carries its own gets no others', () => {
  expect(replayed(() => true)).not.toHaveProperty('prefix')
})
