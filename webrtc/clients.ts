import type { SrtpProfile } from '#native/srtp-keys.ts'
import type { Offer } from './sdp/offer.ts'

type ClientKind = 'obs' | 'libdatachannel' | 'ffmpeg' | 'chromium' | 'firefox' | 'other'

/** How a known program departs from the RFCs. */
export interface ClientTraits {
  readonly kind: ClientKind
  /**
   * What to offer as DTLS client, preferred first. Browsers pick CM/SHA1 when they are given the
   * choice, so those known to have GCM get nothing else.
   */
  readonly srtpProfiles: readonly SrtpProfile[]
  /** False for ffmpeg, which hangs for good on a close_notify that is followed by silence. */
  readonly closeNotify: boolean
  /** OBS comes back by itself after a close_notify, and only then (IO-26). */
  readonly returnsAfterClose: boolean
  /** Whether a keyframe request helps: OBS and ffmpeg ignore PLI and FIR. */
  readonly answersKeyframeRequests: 'yes' | 'no' | 'unknown'
  /** False where a NACK for a simulcast layer but the first is answered with another layer. */
  readonly nackHigherLayers: boolean
}

const gcmOnly: readonly SrtpProfile[] = [7]
const anyProfile: readonly SrtpProfile[] = [7, 1]

const ordinary: ClientTraits = {
  kind: 'other',
  srtpProfiles: anyProfile,
  closeNotify: true,
  returnsAfterClose: false,
  answersKeyframeRequests: 'unknown',
  nackHigherLayers: true,
}

const traitsOf: Record<ClientKind, ClientTraits> = {
  other: ordinary,
  chromium: {
    ...ordinary,
    kind: 'chromium',
    srtpProfiles: gcmOnly,
    answersKeyframeRequests: 'yes',
  },
  firefox: { ...ordinary, kind: 'firefox', srtpProfiles: gcmOnly, answersKeyframeRequests: 'yes' },
  // One history of sent packets for all layers, keyed by number, serves the repairs of both.
  libdatachannel: { ...ordinary, kind: 'libdatachannel', nackHigherLayers: false },
  obs: {
    ...ordinary,
    kind: 'obs',
    returnsAfterClose: true,
    answersKeyframeRequests: 'no',
    nackHigherLayers: false,
  },
  ffmpeg: {
    ...ordinary,
    kind: 'ffmpeg',
    closeNotify: false,
    answersKeyframeRequests: 'no',
  },
}

/**
 * Recognises a program by its `User-Agent` and by the handwriting of its offer. A wrong guess can
 * only hurt the client that caused it.
 */
export function recogniseClient(
  userAgent: string | undefined,
  offer: Pick<Offer, 'originUsername'>,
): ClientTraits {
  return traitsOf[kindOf(userAgent ?? '', offer.originUsername)]
}

function kindOf(userAgent: string, originUsername: string): ClientKind {
  if (userAgent.startsWith('Lavf/') || originUsername === 'FFmpeg') return 'ffmpeg'
  if (userAgent.includes('OBS-Studio/')) return 'obs'
  if (originUsername === 'rtc') return 'libdatachannel'
  // By the offer: browsers on iOS all are WebKit, whatever their User-Agent says.
  if (originUsername.startsWith('mozilla...THIS_IS_SDPARTA')) return 'firefox'
  if (originUsername === '-' && /(Chrome|Chromium)\/\d/.test(userAgent)) return 'chromium'
  return 'other'
}
