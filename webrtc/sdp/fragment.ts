import type { IceCredentials } from '#webrtc/ice-generation.ts'
import { ownText } from './answer.ts'
import { type IceCandidate, readCandidate } from './candidate.ts'
import {
  descriptionLimits,
  fragmentLimits,
  malformed,
  readSections,
  type SdpSection,
} from './lines.ts'
import { attributeValue, attributeValues, has, token } from './tokens.ts'

/** What a trickle-ice-sdpfrag says (RFC 8840 §9). A lite agent has no use for the candidates. */
export interface TrickleFragment {
  /** Both or neither: new values ask for an ICE restart. */
  readonly ufrag?: string
  readonly password?: string
  /** `a=mid` of its sections: the medium of its m= lines means nothing. */
  readonly mids: readonly string[]
  /** Those understood, of the fragment's own generation. */
  readonly candidates: readonly IceCandidate[]
  readonly endOfCandidates: boolean
}

/** @throws ServiceError `malformed-sdp` */
export function parseFragment(sdpfrag: string): TrickleFragment {
  if (/^v=/.test(sdpfrag)) throw malformed('a fragment has no v= line; send a=, m= lines only')
  const { session, media } = readSections(sdpfrag, fragmentLimits)
  const places = [session, ...media]
  if (places.every(({ attributes }) => attributes.length === 0)) {
    throw malformed('the fragment is empty')
  }
  const ufrag = secret(places, 'ice-ufrag', 4)
  const password = secret(places, 'ice-pwd', 22)
  if ((ufrag === undefined) !== (password === undefined)) {
    throw malformed('a=ice-ufrag and a=ice-pwd come together or not at all')
  }
  const candidates = places
    .flatMap((place) => attributeValues(place, 'candidate', 64))
    .flatMap((line) => readCandidate(line) ?? [])
  return {
    ...(ufrag !== undefined && { ufrag }),
    ...(password !== undefined && { password }),
    mids: media
      .flatMap((section) => attributeValue(section, 'mid') ?? [])
      .map((mid) => token(mid, 'a=mid')),
    candidates: candidates.filter(
      (candidate) => ufrag === undefined || (candidate.ufrag ?? ufrag) === ufrag,
    ),
    endOfCandidates: places.some((place) => has(place, 'end-of-candidates')),
  }
}

function secret(places: readonly SdpSection[], name: string, shortest: number): string | undefined {
  const values = new Set(places.flatMap((place) => attributeValue(place, name) ?? []))
  if (values.size > 1) throw malformed(`the fragment has two values of a=${name}`)
  const [value] = values
  if (value !== undefined && (value.length < shortest || value.length > 256)) {
    throw malformed(`a=${name} is not ${shortest} to 256 characters`)
  }
  return value
}

/**
 * What the answer to an ICE restart repeats of the description that began the session: all but
 * the credentials (RFC 9725 §4.3.3).
 */
export interface RestartFrame {
  /** Group, options and m-line, up to where credentials stand. */
  readonly head: string
  /** Candidates and their end. */
  readonly tail: string
}

/** @param description ours, offer or answer, with candidates in its tagged section */
export function restartFrame(description: string): RestartFrame {
  const { session, media } = readSections(description, descriptionLimits)
  const tagged = media.find((section) => has(section, 'candidate')) ?? media[0]
  const lines = (section: SdpSection | undefined, names: readonly string[]) =>
    (section?.attributes ?? [])
      .filter(({ name }) => names.includes(name))
      .map(({ name, value }) => (value === '' ? `a=${name}\r\n` : `a=${name}:${value}\r\n`))
  const head = [
    ...lines(session, ['ice-lite', 'ice-options', 'group']),
    `m=${tagged?.heading}\r\n`,
    ...lines(tagged, ['mid', 'ice-options']),
  ]
  return {
    head: ownText(head.join('')),
    tail: ownText(lines(tagged, ['candidate', 'end-of-candidates']).join('')),
  }
}

/** The body of the 200 to a restart. */
export function writeRestart(frame: RestartFrame, { ufrag, password }: IceCredentials): string {
  return `${frame.head}a=ice-ufrag:${ufrag}\r\na=ice-pwd:${password}\r\n${frame.tail}`
}
