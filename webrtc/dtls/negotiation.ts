import type { SrtpProfile } from '#native/srtp-keys.ts'
import { type ClientHello, cipherSuite, emptyRenegotiationInfo } from './client-hello.ts'
import type { DtlsFailure } from './failure.ts'
import {
  type Extensions,
  extendedMasterSecret,
  extensionType,
  initialHandshake,
  isInitialHandshake,
  pointFormats,
  readNumbers,
  readUseSrtp,
  useSrtp,
} from './hello-extensions.ts'
import { type Curve, supportedCurves } from './key-share.ts'
import { dtls12 } from './records.ts'
import type { ServerHello } from './server-hello.ts'
import { ownScheme } from './signature.ts'

const nullCompression = 0
const p256: Curve = 23

/** What a server makes of a ClientHello. */
export interface ServerChoice {
  readonly curve: Curve
  readonly srtpProfile: SrtpProfile
  /** For the ServerHello: only such as the client sent (RFC 5246 §7.4.1.4). */
  readonly extensions: readonly (readonly [number, Buffer])[]
}

/** @param profiles ours, best first: the server chooses (RFC 5764 §4.1.1) */
export function chooseAsServer(
  hello: ClientHello,
  profiles: readonly SrtpProfile[],
): ServerChoice | DtlsFailure {
  const { extensions } = hello
  const fault = faultOf(hello)
  if (fault !== undefined) return fault
  const curve = commonCurve(extensions)
  if (curve === undefined) return 'no-common-curve'
  const offered = readUseSrtp(extensions)?.profiles
  const srtpProfile = profiles.find((profile) => offered?.includes(profile))
  if (srtpProfile === undefined) return 'no-common-srtp-profile'
  return { curve, srtpProfile, extensions: answerExtensions(hello, srtpProfile) }
}

function faultOf(hello: ClientHello): DtlsFailure | undefined {
  const { version, cipherSuites, compressionMethods, extensions } = hello
  // DTLS versions count down; a client that also does 1.3 says 1.2 here (RFC 9147 §5.3).
  if (version > dtls12 || version >> 8 !== dtls12 >> 8) return 'unsupported-version'
  if (!cipherSuites.includes(cipherSuite.ecdsa)) return 'no-common-cipher'
  if (!compressionMethods.includes(nullCompression)) return 'illegal-parameter'
  if (!isInitialHandshake(extensions)) return 'illegal-parameter'
  if (!extensions.has(extensionType.extendedMasterSecret)) return 'no-extended-master-secret'
  const schemes = extensions.get(extensionType.signatureAlgorithms)
  // Without the extension it would have to be SHA-1 (RFC 5246 §7.4.1.4.1).
  if (!schemes || !readNumbers(schemes)?.includes(ownScheme)) return 'no-common-signature'
  return undefined
}

function commonCurve(extensions: Extensions): Curve | undefined {
  const groups = extensions.get(extensionType.supportedGroups)
  // A client that lists none takes any (RFC 8422 §4); the one that every client has.
  if (groups === undefined) return p256
  const offered = readNumbers(groups)
  return supportedCurves.find((curve) => offered?.includes(curve))
}

function answerExtensions(hello: ClientHello, profile: SrtpProfile) {
  const { extensions, cipherSuites } = hello
  const answer: (readonly [number, Buffer])[] = [extendedMasterSecret, useSrtp([profile])]
  const asksForRenegotiationInfo =
    extensions.has(extensionType.renegotiationInfo) || cipherSuites.includes(emptyRenegotiationInfo)
  if (asksForRenegotiationInfo) answer.push(initialHandshake)
  if (extensions.has(extensionType.pointFormats)) answer.push(pointFormats)
  return answer
}

/** What a ServerHello agrees to. */
export interface ServerAgreement {
  /** The type of key that the server's certificate must have. */
  readonly keyType: 'ec' | 'rsa'
  readonly srtpProfile: SrtpProfile
}

const offeredExtensions: readonly number[] = Object.values(extensionType)

/** @param profiles what we offered */
export function checkAsClient(
  hello: ServerHello,
  profiles: readonly SrtpProfile[],
): ServerAgreement | DtlsFailure {
  const { version, extensions } = hello
  if (version !== dtls12) return 'unsupported-version'
  const keyType = keyTypeOf(hello.cipherSuite)
  if (keyType === undefined) return 'no-common-cipher'
  if (hello.compressionMethod !== nullCompression) return 'illegal-parameter'
  if ([...extensions.keys()].some((type) => !offeredExtensions.includes(type))) {
    return 'illegal-parameter'
  }
  if (!isInitialHandshake(extensions)) return 'illegal-parameter'
  if (!extensions.has(extensionType.extendedMasterSecret)) return 'no-extended-master-secret'
  const srtp = readUseSrtp(extensions)
  // Exactly one profile, and no key identifier, as we sent none (RFC 5764 §4.1.1, §4.1.3).
  const srtpProfile = profiles.find((profile) => profile === srtp?.profiles[0])
  if (srtpProfile === undefined || srtp?.profiles.length !== 1 || srtp.mki.length > 0) {
    return 'no-common-srtp-profile'
  }
  return { keyType, srtpProfile }
}

function keyTypeOf(suite: number): 'ec' | 'rsa' | undefined {
  if (suite === cipherSuite.ecdsa) return 'ec'
  return suite === cipherSuite.rsa ? 'rsa' : undefined
}
