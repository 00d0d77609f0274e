import type { LivePublication } from '#relay/live-publication.ts'
import type { ViewWishes } from '#webrtc/sdp/viewed-track.ts'

/** What the stream is made of, by what its packets say rather than what its offer said. */
export function wishesOf({ audio, video, format }: LivePublication): ViewWishes {
  const profile = video?.inspector?.facts.profile ?? format.video?.profile
  return {
    ...(audio && { audio: { codec: audio.codec } }),
    ...(video && {
      video: {
        codec: video.codec,
        ...(profile !== undefined &&
          (video.codec === 'H264' ? { profileLevelId: profile } : { profileId: profile })),
      },
    }),
  }
}
