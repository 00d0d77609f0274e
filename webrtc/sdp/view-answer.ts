import { ServiceError } from '#core/errors.ts'
import { extensionUri } from '#rtp/header-extensions.ts'
import {
  type AcceptedSection,
  type AnswerSection,
  type LocalTransport,
  negotiateTransport,
  writeAnswer,
} from './answer.ts'
import { isActive, type MediaDescription, type SdpCodec } from './media-description.ts'
import { type Offer, unacceptable } from './offer.ts'
import {
  keptCodecs,
  type NegotiatedView,
  randomCname,
  randomNames,
  sourceLines,
  understoodFeedback,
  type ViewedTrack,
  type ViewWishes,
  viewedTrack,
} from './viewed-track.ts'

/**
 * Answers a WHEP viewer (draft-ietf-wish-whep §4.3.1, §4.6). The first section of each wanted
 * kind is filled, the others are refused one by one. A video section keeps every codec that a
 * later publisher might send, the wanted one first, so that a change needs no new offer.
 *
 * @throws ServiceError `unacceptable-offer`; `no-common-codec` when the viewer cannot decode what
 *   the stream is made of
 */
export function answerViewer(
  offer: Offer,
  wanted: ViewWishes,
  local: LocalTransport,
): { answer: string; view: NegotiatedView } {
  const cname = randomCname()
  const tracks = new Map<'audio' | 'video', ViewedTrack>()
  const sections = offer.media.map((media, section): AnswerSection => {
    const { kind } = media
    if (!isActive(media) || (kind !== 'audio' && kind !== 'video')) return { media }
    refuseSender(media)
    const wish = wanted[kind]
    if (!wish || tracks.has(kind)) return { media, ...surplus(offer, media) }
    const codecs = keptCodecs(media, wish)
    if (!codecs) {
      throw new ServiceError(
        'no-common-codec',
        `the stream's ${kind} is ${wish.codec}, which this offer does not list; offer it too`,
      )
    }
    const track = viewedTrack({ kind, section, media, codecs, names: randomNames(kind, cname) })
    tracks.set(kind, track)
    return { media, accepted: acceptedSection(media, codecs, track) }
  })
  if (tracks.size === 0) {
    const kinds = Object.keys(wanted).join(' and ') || 'nothing'
    throw unacceptable(`the stream has ${kinds}, and no section offers to receive that`)
  }
  const [audio, video] = [tracks.get('audio'), tracks.get('video')]
  return {
    answer: writeAnswer(offer, local, sections),
    view: {
      transport: negotiateTransport(offer),
      ...(audio && { audio }),
      ...(video && { video }),
    },
  }
}

// Refused, unless it is the section whose transport carries the whole bundle: without that one
// Chromium, under max-bundle, takes no answer at all ("Failed to setup RTCP mux").
function surplus({ bundle }: Offer, { mid, codecs }: MediaDescription): Partial<AnswerSection> {
  if (mid !== bundle[0] || codecs.length === 0) return {}
  const idle = { direction: 'inactive', feedback: [], extensions: [], lines: [] } as const
  return { accepted: { ...idle, codecs: codecs.slice(0, 1) } }
}

function refuseSender({ mid, direction }: MediaDescription): void {
  if (direction === 'sendonly' || direction === 'inactive') {
    throw unacceptable(`section "${mid}" is ${direction}; a viewer offers recvonly`)
  }
}

function acceptedSection(
  media: MediaDescription,
  codecs: readonly SdpCodec[],
  track: ViewedTrack,
): AcceptedSection {
  const { kind, playoutDelayId, transportCcId } = track
  return {
    direction: 'sendonly',
    codecs,
    // Who does not tell of each packet may tell what it can get (BWE-89).
    feedback:
      transportCcId === undefined
        ? [...understoodFeedback.filter((value) => value !== 'transport-cc'), 'goog-remb']
        : understoodFeedback,
    extensions: media.extensions.filter(
      ({ id, uri }) =>
        (id === playoutDelayId && uri === extensionUri.playoutDelay) ||
        (id === transportCcId && uri === extensionUri.transportCc),
    ),
    lines: sourceLines(kind, track),
  }
}
