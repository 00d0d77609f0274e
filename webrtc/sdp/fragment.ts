import { type IceCandidate, readCandidate } from './candidate.ts'
import { fragmentLimits, malformed, readSections, type SdpSection } from './lines.ts'
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
