import { ServiceError } from '#core/errors.ts'
import { negotiateTransport } from './answer.ts'
import { descriptionLimits, malformed, readSections } from './lines.ts'
import { isActive, type MediaDescription } from './media-description.ts'
import { parseSessionDescription, type SessionDescription } from './session-description.ts'
import { checkTransport } from './transport-rules.ts'
import { type OfferedTrack, offeredExtensions } from './view-offer.ts'
import {
  keptCodecs,
  type NegotiatedView,
  type ViewedTrack,
  type ViewWishes,
  viewedTrack,
} from './viewed-track.ts'

/** What a viewer made of our offer. */
export interface ViewReply {
  readonly view: NegotiatedView
  /** What it does not want, of what was offered. */
  readonly rejected: readonly ('audio' | 'video')[]
  /** As in `SessionDescription`. */
  readonly originUsername: string
}

/**
 * Reads a viewer's answer to an offer of ours (draft-ietf-wish-whep §4.3.2, RFC 3264 §6). A
 * section may be rejected, as a client's offer may lack it, but one that is accepted must take
 * what is live.
 *
 * @param tracks of the offer
 * @param wanted what the stream is made of by now, which may be more or less than was offered
 * @throws ServiceError `malformed-sdp` for what is no answer to that offer, `unacceptable-answer`,
 *   `no-common-codec`
 */
export function readReply(
  sdp: string,
  tracks: readonly OfferedTrack[],
  wanted: ViewWishes,
): ViewReply {
  refuseRejection(sdp)
  const description = parseSessionDescription(sdp)
  // A silent answer is passive (RFC 4145 §4).
  const { setup = 'passive' } = description
  if (setup !== 'active' && setup !== 'passive') {
    throw malformed('a=setup of an answer is neither active nor passive')
  }
  refuseMismatch(description, tracks)
  checkTransport(description, unacceptable)
  const viewed = description.media.map((media, section) =>
    isDeclined(media)
      ? undefined
      : replyTrack({ media, section, offered: tracks[section]!, wanted }),
  )
  const find = (kind: string) => viewed.find((track) => track?.kind === kind)
  const [audio, video] = [find('audio'), find('video')]
  if (!audio && !video) throw unacceptable(nothingTaken)
  return {
    view: {
      transport: negotiateTransport({ ...description, setup }),
      ...(audio && { audio }),
      ...(video && { video }),
    },
    rejected: tracks.flatMap(({ kind }, section) => (viewed[section] ? [] : kind)),
    originUsername: description.originUsername,
  }
}

const nothingTaken =
  'it rejects all sections of the offer; the stream has nothing else, so use a player that can ' +
  'decode it'

/** @param problem what is wrong and what to do, as a clause without a full stop */
function unacceptable(problem: string): ServiceError {
  return new ServiceError('unacceptable-answer', `this answer cannot be accepted: ${problem}`)
}

// Before anything else is asked of it: an answer that says no to everything need not have a
// transport, and its sender is to hear why there is no session rather than what it lacks.
function refuseRejection(sdp: string): void {
  const { media } = readSections(sdp, descriptionLimits)
  if (media.length > 0 && media.every(({ heading }) => /^\S+ +0+[ /]/.test(heading))) {
    throw unacceptable(nothingTaken)
  }
}

// The sections of an answer are those of its offer, one by one (RFC 3264 §6).
function refuseMismatch({ media }: SessionDescription, tracks: readonly OfferedTrack[]): void {
  if (media.length !== tracks.length) {
    throw malformed(`it has ${media.length} m= lines, the offer ${tracks.length}`)
  }
  for (const [index, { kind, mid }] of media.entries()) {
    if (kind === tracks[index]!.kind && mid === String(index)) continue
    throw malformed(`its section "${mid}" is not the offer's section ${index}`)
  }
}

function isDeclined(media: MediaDescription): boolean {
  return !isActive(media) || media.direction === 'inactive'
}

interface ReplyParts {
  readonly media: MediaDescription
  readonly section: number
  readonly offered: OfferedTrack
  readonly wanted: ViewWishes
}

function replyTrack({ media, section, offered, wanted }: ReplyParts): ViewedTrack {
  const { kind, names } = offered
  if (media.direction !== 'recvonly') {
    throw unacceptable(`section "${media.mid}" is ${media.direction}; a viewer answers recvonly`)
  }
  const codecs = keptCodecs(media, wanted[kind])
  if (!codecs) {
    const live = wanted[kind]?.codec ?? 'made of the codecs of the offer'
    throw new ServiceError(
      'no-common-codec',
      `the stream's ${kind} is ${live}, which this answer does not list; this player cannot see it`,
    )
  }
  // Ids are the offer's (RFC 8285 §7): a number that the answer moves would be another extension.
  const extensions = media.extensions.filter(({ id, uri }) =>
    offeredExtensions.some((ours) => ours.id === id && ours.uri === uri),
  )
  return viewedTrack({ kind, section, media: { ...media, extensions }, codecs, names })
}
