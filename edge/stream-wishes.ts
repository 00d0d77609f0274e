import { Type } from 'typebox'
import { Value } from 'typebox/value'
import type { StreamDescription } from '#control/registry.ts'
import type { LivePublication } from '#relay/live-publication.ts'
import type { CodecWish, ViewWishes } from '#webrtc/sdp/viewed-track.ts'

/** What the stream is made of, by what its packets say rather than what its offer said. */
export function wishesOf({ layers, format }: LivePublication): ViewWishes {
  const { audio, video } = layers
  const profile = video?.inspector?.facts.profile ?? format.video?.profile
  return {
    ...(audio && { audio: { codec: audio.codec } }),
    ...(video && { video: wishOf(video.codec, profile) }),
  }
}

const codecs = ['opus', 'H264', 'H265', 'VP8', 'VP9', 'AV1'] as const
const DescribedTrack = Type.Object({
  kind: Type.Union([Type.Literal('audio'), Type.Literal('video')]),
  codec: Type.Union(codecs.map((codec) => Type.Literal(codec))),
  profile: Type.Optional(Type.String({ maxLength: 64 })),
})

/**
 * The same of a stream that is on its way from another node, by what its origin told the registry:
 * the answer need not wait for its packets. Tracks that cannot be read are left out.
 */
export function describedWishes({ tracks }: StreamDescription): ViewWishes {
  const known = tracks.filter((track) => Value.Check(DescribedTrack, track))
  const audio = known.find(({ kind }) => kind === 'audio')
  const video = known.find(({ kind }) => kind === 'video')
  return {
    ...(audio && { audio: { codec: audio.codec } }),
    ...(video && { video: wishOf(video.codec, video.profile) }),
  }
}

function wishOf(codec: CodecWish['codec'], profile: string | undefined): CodecWish {
  if (profile === undefined) return { codec }
  return { codec, ...(codec === 'H264' ? { profileLevelId: profile } : { profileId: profile }) }
}
