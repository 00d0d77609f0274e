import { globSync, readFileSync } from 'node:fs'
import { createCertificate } from '#webrtc/dtls/certificate.ts'
import type { LocalTransport } from '#webrtc/sdp/answer.ts'

/** An offer recorded from a real client. */
export interface RealOffer {
  /** Folder and file. */
  readonly name: string
  readonly sdp: string
}

export const realOffers: readonly RealOffer[] = globSync([
  'test/fixtures/sdp/**/*.sdp',
  'test/fixtures/rtp/*.offer.sdp',
])
  .toSorted()
  .map((path) => ({
    name: path.replace('test/fixtures/', '').replace('sdp/', ''),
    sdp: readFileSync(path, 'utf8'),
  }))

/** The offers of that side: a publisher's video goes out, a viewer's comes in. */
export const publisherOffers = realOffers.filter(({ sdp }) => /^a=sendonly\r?$/m.test(sdp))
export const viewerOffers = realOffers.filter(({ sdp }) => /^a=recvonly\r?$/m.test(sdp))

/** @param name as in `realOffers` */
export function realOffer(name: string): string {
  const offer = realOffers.find((candidate) => candidate.name === name)
  if (!offer) throw new Error(`there is no fixture ${name}`)
  return offer.sdp
}

export const local: LocalTransport = {
  ufrag: 'srvUfragAAAA',
  password: 'srvPwd0123456789abcdefgh',
  fingerprint: createCertificate(Date.UTC(2026, 0)).fingerprint,
  candidates: [
    { transport: 'udp', address: '203.0.113.5', port: 8189 },
    { transport: 'udp', address: '2001:db8::5', port: 8189 },
  ],
}

/** The offer with some text replaced, which has to be there. */
export function edited(sdp: string, from: string | RegExp, to: string): string {
  const result = sdp.replace(from, to)
  if (result === sdp) throw new Error(`nothing to replace: ${from}`)
  return result
}
