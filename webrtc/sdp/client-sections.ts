import type { VideoCodec } from '#rtp/codecs/video-codec.ts'
import { extensionUri } from '#rtp/header-extensions.ts'
import type { PublishOffer, ViewOffer } from './client.ts'

/** Payload types of a `PublishOffer`. */
export const publishPayloadTypes = { opus: 111, H264: 96, rtx: 97 } as const

/** Header extension ids of a `PublishOffer`; OBS puts both on every video packet. */
export const publishExtensions = { mid: 1, rid: 2 } as const
/** Those that come with RTX. */
export const repairExtensions = { repairedRid: 3, transportCc: 4 } as const

type Extension = readonly [id: number, uri: string]

export interface OfferedSection {
  /** Value of the `m=` line. */
  readonly heading: string
  readonly extensions: readonly Extension[]
  /** Attributes that follow the direction. */
  readonly lines: readonly string[]
}

export function publishSections({ audio, video, cname, streamId }: PublishOffer): OfferedSection[] {
  const source = (ssrc: number, track: string) => [
    `a=ssrc:${ssrc} cname:${cname}`,
    `a=ssrc:${ssrc} msid:${streamId} ${streamId}-${track}`,
  ]
  const name = (track: string) => `a=msid:${streamId} ${streamId}-${track}`
  const sections: OfferedSection[] = []
  if (audio) {
    sections.push({
      heading: 'audio 9 UDP/TLS/RTP/SAVPF 111',
      extensions: [],
      lines: [
        ...source(audio.ssrc, 'audio'),
        name('audio'),
        'a=rtcp-mux',
        'a=rtpmap:111 opus/48000/2',
        'a=fmtp:111 minptime=10;maxaveragebitrate=96000;stereo=1;sprop-stereo=1;useinbandfec=1',
      ],
    })
  }
  if (video) {
    const { ssrc, rtxSsrc, rids = [], rtx = false } = video
    sections.push({
      heading: `video 9 UDP/TLS/RTP/SAVPF 96${rtx ? ' 97' : ''}`,
      extensions: [
        [publishExtensions.mid, extensionUri.mid],
        [publishExtensions.rid, extensionUri.rid],
        ...(rtx ? repairedBy : []),
      ],
      lines: [
        ...(rtxSsrc === undefined ? [] : [`a=ssrc-group:FID ${ssrc} ${rtxSsrc}`]),
        ...[ssrc, rtxSsrc].flatMap((known) => (known === undefined ? [] : source(known, 'video'))),
        name('video'),
        ...rids.map((rid) => `a=rid:${rid} send`),
        ...(rids.length > 0 ? [`a=simulcast:send ${rids.join(';')}`] : []),
        'a=rtcp-mux',
        ...videoFormats(rtx),
      ],
    })
  }
  return sections
}

const repairedBy: readonly Extension[] = [
  [repairExtensions.repairedRid, extensionUri.repairedRid],
  [repairExtensions.transportCc, extensionUri.transportCc],
]

function videoFormats(rtx: boolean): string[] {
  const feedback = ['nack', 'nack pli', 'goog-remb', ...(rtx ? ['transport-cc'] : [])]
  return [
    'a=rtpmap:96 H264/90000',
    ...feedback.map((value) => `a=rtcp-fb:96 ${value}`),
    // OBS writes this profile whatever it sends.
    'a=fmtp:96 profile-level-id=42e01f;packetization-mode=1;level-asymmetry-allowed=1',
    ...(rtx ? ['a=rtpmap:97 rtx/90000', 'a=fmtp:97 apt=96'] : []),
  ]
}

const h264 = (profileLevelId: string) =>
  `level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=${profileLevelId}`

// Payload types are Chromium's where it has one; each format's RTX is its payload type plus one.
const viewFormats: Record<VideoCodec, readonly (readonly [number, string | undefined])[]> = {
  VP8: [[96, undefined]],
  VP9: [
    [98, 'profile-id=0'],
    [100, 'profile-id=2'],
  ],
  H264: [
    [102, h264('42001f')],
    [108, h264('42e01f')],
    [116, h264('4d001f')],
    [112, h264('64001f')],
  ],
  AV1: [[45, 'level-idx=5;profile=0;tier=0']],
  H265: [[49, 'level-id=93;profile-id=1;tier-flag=0;tx-mode=SRST']],
}

const viewExtensions: readonly Extension[] = [
  [2, extensionUri.absSendTime],
  [3, extensionUri.transportCc],
  [4, extensionUri.mid],
  [5, extensionUri.playoutDelay],
]

const viewFeedback = ['goog-remb', 'transport-cc', 'ccm fir', 'nack', 'nack pli'] as const

export function viewSections({ audio, video }: ViewOffer): OfferedSection[] {
  const sections: OfferedSection[] = []
  if (audio) {
    sections.push({
      heading: 'audio 9 UDP/TLS/RTP/SAVPF 111',
      extensions: [
        [3, extensionUri.transportCc],
        [4, extensionUri.mid],
      ],
      lines: [
        'a=rtcp-mux',
        'a=rtcp-rsize',
        'a=rtpmap:111 opus/48000/2',
        'a=rtcp-fb:111 transport-cc',
        'a=fmtp:111 minptime=10;useinbandfec=1',
      ],
    })
  }
  if (video.length > 0) {
    const formats = video.flatMap((codec) =>
      viewFormats[codec].map(([type, parameters]) => ({ codec, type, parameters })),
    )
    sections.push({
      heading: `video 9 UDP/TLS/RTP/SAVPF ${formats.map(({ type }) => `${type} ${type + 1}`).join(' ')}`,
      extensions: viewExtensions,
      lines: [
        'a=rtcp-mux',
        'a=rtcp-rsize',
        ...formats.flatMap(({ codec, type, parameters }) => [
          `a=rtpmap:${type} ${codec}/90000`,
          ...viewFeedback.map((value) => `a=rtcp-fb:${type} ${value}`),
          ...(parameters === undefined ? [] : [`a=fmtp:${type} ${parameters}`]),
          `a=rtpmap:${type + 1} rtx/90000`,
          `a=fmtp:${type + 1} apt=${type}`,
        ]),
      ],
    })
  }
  return sections
}
