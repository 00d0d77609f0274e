import fc from 'fast-check'
import { parse } from 'sdp-transform'
import { describe, expect, it } from 'vitest'
import { ServiceError } from '#core/errors.ts'
import { parseAnswer } from '#webrtc/sdp/client.ts'
import { parseFragment } from '#webrtc/sdp/fragment.ts'
import { parseOffer } from '#webrtc/sdp/offer.ts'
import { answerPublisher } from '#webrtc/sdp/publish-answer.ts'
import { answerViewer } from '#webrtc/sdp/view-answer.ts'
import { offerView } from '#webrtc/sdp/view-offer.ts'
import { readReply } from '#webrtc/sdp/view-reply.ts'
import type { ViewWishes } from '#webrtc/sdp/viewed-track.ts'
import { local, realOffers } from './offers.ts'
import { replyTo } from './replies.ts'

/** What a call gives, or that it refused; anything else thrown is a bug, and goes through. */
function outcome<T>(call: () => T): T | 'refused' {
  try {
    return call()
  } catch (error) {
    if (error instanceof ServiceError) return 'refused'
    throw error
  }
}

const wishes = { audio: { codec: 'opus' }, video: { codec: 'VP8' } } as const

const ours = offerView(wishes, local)

const readers = {
  offer: parseOffer,
  answer: parseAnswer,
  fragment: parseFragment,
  reply: (text: string) => readReply(text, ours.tracks, wishes),
}

/** A real description with some lines lost, doubled, swapped or scribbled on. */
const damage = (originals: readonly string[]) =>
  fc
    .tuple(
      fc.constantFrom(...originals),
      fc.array(
        fc.record({
          at: fc.nat(),
          what: fc.constantFrom('lose', 'double', 'swap', 'scribble'),
          text: fc.string({ unit: 'binary', maxLength: 12 }),
        }),
        { minLength: 1, maxLength: 8 },
      ),
    )
    .map(([sdp, accidents]) => {
      const lines = sdp.split('\r\n')
      for (const { at, what, text } of accidents) {
        const i = at % lines.length
        const line = lines[i]!
        const cut = at % (line.length + 1)
        if (what === 'lose') lines.splice(i, 1)
        else if (what === 'double') lines.splice(i, 0, line)
        else if (what === 'swap') [lines[i], lines[0]] = [lines[0]!, line]
        else lines[i] = line.slice(0, cut) + text + line.slice(cut + 1)
      }
      return lines.join('\r\n')
    })
const damaged = damage(realOffers.map(({ sdp }) => sdp))
const damagedReplies = damage([
  replyTo(ours.offer),
  replyTo(ours.offer, { rejected: ['video'] }),
  replyTo(ours.offer, { formats: ['96', '97'] }),
])

const attributeNames = [
  'mid:',
  'rtpmap:',
  'fmtp:',
  'rtcp-fb:',
  'extmap:',
  'ssrc:',
  'ssrc-group:FID ',
  'rid:',
  'simulcast:send ',
  'candidate:',
  'setup:',
  'fingerprint:sha-256 ',
  'group:BUNDLE ',
  'ice-ufrag:',
  'msid:',
]

/** Lines that look like SDP and mean anything. */
const nonsense = fc
  .array(
    fc
      .tuple(fc.constantFrom(...attributeNames), fc.string({ maxLength: 30 }))
      .map(([name, value]) => `a=${name}${value}`),
    { maxLength: 30 },
  )
  .map((lines) => ['v=0', 'm=video 9 UDP/TLS/RTP/SAVPF 96 97', ...lines].join('\r\n'))

describe('any text (SEC-29, SEC-35)', () => {
  it.each(Object.entries(readers))('gives an %s or is refused', (_, read) => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), nonsense, damaged), (text) => {
        outcome(() => read(text))
      }),
      { numRuns: 500 },
    )
  })

  it('as an offer gets an answer of whole lines, or none (SEC-31)', () => {
    let answered = 0
    fc.assert(
      fc.property(damaged, (text) => {
        const offer = outcome(() => parseOffer(text))
        if (offer === 'refused') return
        for (const reply of [
          outcome(() => answerPublisher(offer, local).answer),
          outcome(() => answerViewer(offer, wishes, local).answer),
        ]) {
          if (reply === 'refused') continue
          answered++
          const lines = reply.split('\r\n')
          expect(lines.pop()).toBe('')
          for (const line of lines) expect(line).toMatch(/^[voscatm]=[^\r\n]*$/)
          expect(
            lines
              .filter((line) => line.startsWith('a=fingerprint:'))
              .every((line) => line.endsWith(local.fingerprint.value)),
          ).toBe(true)
          expect(parse(reply).media).toHaveLength(offer.media.length)
          expect(() => parseAnswer(reply)).not.toThrow()
        }
      }),
      { numRuns: 500 },
    )
    expect(answered).toBeGreaterThan(50)
  })

  it('as an answer to our offer gives tracks by our names, or is refused', () => {
    let taken = 0
    fc.assert(
      fc.property(damagedReplies, (text) => {
        const reply = outcome(() => readReply(text, ours.tracks, wishes))
        if (reply === 'refused') return
        taken++
        const { view, rejected } = reply
        for (const [section, { kind, names }] of ours.tracks.entries()) {
          const track = view[kind]
          expect(rejected.includes(kind)).toBe(!track)
          if (track) expect(track).toMatchObject({ kind, section, ssrc: names.ssrc })
        }
        expect(view.video?.transportCcId ?? 3).toBe(3)
        expect(view.video?.playoutDelayId ?? 5).toBe(5)
        expect(view.transport.remoteFingerprints.length).toBeGreaterThan(0)
      }),
      { numRuns: 500 },
    )
    expect(taken).toBeGreaterThan(50)
  })

  it('as what a stream is made of gets an offer of whole lines (SEC-31)', () => {
    const codec = fc.constantFrom('H264', 'H265', 'VP8', 'VP9', 'AV1')
    const profile = fc.option(fc.stringMatching(/^[0-9a-f]{6}$|^\d{1,3}$/), { nil: undefined })
    fc.assert(
      fc.property(codec, profile, (codec, profile) => {
        const name = codec === 'H264' ? 'profileLevelId' : 'profileId'
        const video = { codec, ...(profile !== undefined && { [name]: profile }) }
        const { offer, tracks } = offerView({ video } as ViewWishes, local)
        expect(parse(offer).media).toHaveLength(1)
        for (const line of offer.split('\r\n').slice(0, -1)) {
          expect(line).toMatch(/^[voscatm]=[^\r\n]*$/)
        }
        const { view } = readReply(replyTo(offer), tracks, { video } as ViewWishes)
        expect(view.video?.payloadTypeFor(codec)).toBeDefined()
      }),
    )
  })
})
