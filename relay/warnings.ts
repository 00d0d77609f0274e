import type {
  AudioStatus,
  PublisherStatus,
  VideoStatus,
  Warning,
  WarningCode,
} from './stream-status.ts'

/** What is known of a live publication. */
export interface PublicationFacts {
  readonly publisher?: Pick<PublisherStatus, 'client' | 'connectedMs' | 'lossFraction'> | undefined
  readonly video?:
    | Pick<
        VideoStatus,
        'codec' | 'profileLevelId' | 'gopMs' | 'reordered' | 'answersKeyframeRequests' | 'replay'
      >
    | undefined
  readonly audio?: Pick<AudioStatus, 'codec'> | undefined
}

/** Tracks come within this time of each other; before it a missing one is only late. */
const settledMs = 3000

/** Above it repairs begin to come too late for some viewers. */
const noticeableLoss = 0.01

/** A viewer's catch-up, a recording's segments and every repair by keyframe take this long. */
const longGopMs = 4000

/** What spoils a stream, in plain words that say what to do, worst first. */
export function streamWarnings(facts: PublicationFacts): Warning[] {
  return [...missing(facts), ...replay(facts), ...loss(facts), ...encoding(facts)]
}

function* missing({ publisher, video, audio }: PublicationFacts): Generator<Warning> {
  if ((publisher?.connectedMs ?? 0) < settledMs) return
  if (!video) yield warning('no-video', 'No video arrives: viewers hear sound at most.')
  if (!audio) yield warning('no-audio', 'No audio arrives: the stream is silent.')
}

function* replay({ publisher, video }: PublicationFacts): Generator<Warning> {
  if (video?.replay === 'log-full') {
    yield warning(
      'log-full',
      'The time since the last keyframe is longer than the server keeps: new viewers wait for ' +
        'the next keyframe. Set a shorter keyframe interval (2 s is good).',
    )
  }
  if (video?.replay === 'no-keyframe-yet' && (publisher?.connectedMs ?? 0) >= settledMs) {
    yield warning(
      'no-keyframe-yet',
      'No keyframe has arrived yet: nobody can see a picture until one does.',
    )
  }
}

function* loss({ publisher }: PublicationFacts): Generator<Warning> {
  const fraction = publisher?.lossFraction ?? 0
  if (fraction <= noticeableLoss) return
  yield warning(
    'loss-on-the-way-in',
    `${(fraction * 100).toFixed(1)} % of the packets from the publisher are lost on the way: ` +
      'lower its bitrate or use a cable.',
  )
}

function* encoding({ publisher, video }: PublicationFacts): Generator<Warning> {
  if (!video) return
  if (video.reordered) {
    yield warning(
      'b-frames',
      'The encoder uses B-frames, which browsers show in the wrong order or not at all: ' +
        'set "Max B-frames" to 0, or the tune "zerolatency".',
    )
  }
  const audience = limitedAudience(video)
  if (audience) yield audience
  if ((video.gopMs ?? 0) > longGopMs && video.answersKeyframeRequests !== 'yes') {
    yield warning(
      'long-keyframe-interval',
      `Keyframes are ${(video.gopMs! / 1000).toFixed(1)} s apart. Viewers still join at once, ` +
        'but take longer to catch up, and repairs and recordings are coarse: ' +
        `${intervalSetting(publisher?.client)}.`,
    )
  }
}

function intervalSetting(client: string | undefined): string {
  return client === 'obs'
    ? 'set "Keyframe Interval" to 2 s in OBS, Settings > Output'
    : 'set a keyframe interval of 2 s'
}

function limitedAudience(video: NonNullable<PublicationFacts['video']>): Warning | undefined {
  switch (video.codec) {
    case 'H265':
      return warning(
        'codec-not-everywhere',
        'H265 plays in Safari and on some machines with Chrome, not in Firefox: H264 plays everywhere.',
      )
    case 'AV1':
      return warning(
        'codec-not-everywhere',
        'AV1 does not play in Safari on machines without an AV1 decoder: H264 plays everywhere.',
      )
    case 'VP9':
      if ((video.profileLevelId ?? '0') === '0') return undefined
      return warning(
        'profile-not-everywhere',
        `VP9 profile ${video.profileLevelId} does not play in every browser: profile 0 does.`,
      )
    case 'H264':
      return limitedH264(video.profileLevelId)
    case 'VP8':
      return undefined
  }
}

/** profile_idc values (H.264 Annex A) that browsers do not decode, or not all of them. */
const rareH264Profiles: Readonly<Record<number, string>> = {
  88: 'Extended',
  110: 'High 10',
  122: 'High 4:2:2',
  244: 'High 4:4:4',
  44: 'CAVLC 4:4:4',
}

function limitedH264(profileLevelId: string | undefined): Warning | undefined {
  const name = rareH264Profiles[Number.parseInt(profileLevelId?.slice(0, 2) ?? '', 16)]
  if (name === undefined) return undefined
  return warning(
    'profile-not-everywhere',
    `H264 ${name} does not play in most browsers: choose High, Main or Baseline with 4:2:0 colour.`,
  )
}

function warning(code: WarningCode, text: string): Warning {
  return { code, text }
}
