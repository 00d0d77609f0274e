import { type Exchange, is2xx, is4xx, isRefused, told, typeOf } from './caller.ts'
import { type Check, judge, NotOffered, NotSeen } from './check.ts'
import { answerTo, newCredentials, unknownCodec } from './offers.ts'
import type { OpenSession } from './open-session.ts'
import { directionsOf, everywhere, readSdp } from './sdp-text.ts'
import { sdpType, type Trial } from './trial.ts'

/**
 * What comes of an offer that suits nobody: the session ends with the check.
 * @throws NotOffered where it is refused for good
 */
async function countered(trial: Trial): Promise<{ posted: Exchange; session: OpenSession }> {
  const local = newCredentials()
  const posted = await trial.post(unknownCodec(trial.newOffer()))
  if (posted.headers.location !== undefined) {
    const session = trial.adopt(posted, '', local)
    if (posted.status === 406) return { posted, session }
  }
  if (is4xx(posted) && posted.status !== 406) throw new NotOffered(told(posted))
  throw new NotSeen(`the offer was not refused with an offer: ${told(posted, 'location')}`)
}

async function invited(trial: Trial): Promise<OpenSession> {
  const posted = await trial.post('', { 'content-type': '' })
  if (!is2xx(posted) || posted.headers.location === undefined) throw new NotOffered(told(posted))
  return trial.adopt(posted, '')
}

function answer(trial: Trial, session: OpenSession): Promise<Exchange> {
  const sdp = answerTo(session.answer, session.local, trial.fingerprint)
  return session.patch(sdp, { type: sdpType })
}

/** Offers that the server makes (WHEP §4.3.2, §4.3.3). */
export const counterOffers: readonly Check[] = [
  {
    clause: 'WHEP-21',
    title: 'an offer that does not suit is met by 406 with an SDP offer and Location',
    level: 'MUST',
    run: async (trial) => {
      const { posted } = await countered(trial)
      const holds = typeOf(posted) === sdpType && posted.body.startsWith('v=0')
      return judge(holds, told(posted, 'location'))
    },
  },
  {
    clause: 'WHEP-22',
    title: '406 is for nothing else: never for what is no SDP',
    level: 'policy',
    run: async (trial) => {
      const posted = await trial.try(() => 'v=0\r\nthis is no SDP\r\n')
      return judge(posted.status !== 406, told(posted))
    },
  },
  {
    clause: 'WHEP-23',
    title: 'valid-until says how long the offer stands, as an HTTP date',
    level: 'MAY',
    run: async (trial) => {
      const { posted } = await countered(trial)
      const [, until] = /valid-until="([^"]*)"/.exec(posted.headers['content-type'] ?? '') ?? []
      if (until === undefined) throw new NotOffered(told(posted, 'content-type'))
      return judge(/GMT$/.test(until) && !Number.isNaN(Date.parse(until)), 'valid-until="…"')
    },
  },
  {
    clause: 'WHEP-27',
    title: 'the answer by PATCH is 204',
    level: 'MUST',
    run: async (trial) => {
      const { session } = await countered(trial)
      const patched = await answer(trial, session)
      return judge(patched.status === 204, told(patched))
    },
  },
  {
    clause: 'WHEP-26',
    title: 'and media comes then',
    level: 'practice',
    run: async (trial) => {
      const { session } = await countered(trial)
      await answer(trial, session)
      const peer = await session.peer()
      const comes = await peer.receives(20)
      return judge(comes, comes ? 'RTP' : 'no RTP within 3 s')
    },
  },
  {
    clause: 'WHEP-28',
    title: 'an answer that is no SDP is 4xx',
    level: 'MUST',
    run: async (trial) => {
      const { session } = await countered(trial)
      const patched = await session.patch('v=0\r\nthis is no SDP\r\n', { type: sdpType })
      return judge(isRefused(patched), told(patched))
    },
  },
  {
    clause: 'WHEP-29',
    title: "the server's offer is sendonly or sendrecv",
    level: 'MUST',
    run: async (trial) => {
      const found = [...new Set(directionsOf(readSdp((await countered(trial)).posted.body)))]
      const holds = found.every((name) => name === 'sendonly' || name === 'sendrecv')
      return judge(holds && found.length > 0, found.map((name) => `a=${name}`).join(', '))
    },
  },
  {
    clause: 'WHEP-33',
    title: 'a second answer is 409',
    level: 'policy',
    run: async (trial) => {
      const { session } = await countered(trial)
      await answer(trial, session)
      const patched = await answer(trial, session)
      return judge(patched.status === 409, told(patched))
    },
  },
  {
    clause: 'WHEP-34',
    title: 'an SDP by PATCH is 4xx where no offer waits for it',
    level: 'MUST',
    run: async (trial) => {
      const patched = await answer(trial, await trial.session())
      return judge(isRefused(patched), told(patched))
    },
  },
  {
    clause: 'WHEP-35',
    title: 'the 406 has an ETag, and the answer needs no If-Match',
    level: 'policy',
    run: async (trial) => {
      const { posted, session } = await countered(trial)
      const patched = await answer(trial, session)
      const holds = posted.headers.etag !== undefined && patched.status === 204
      return judge(holds, `${told(posted, 'etag')}; ${told(patched)}`)
    },
  },
  {
    clause: 'WHEP-36',
    title: 'a=setup of the offer is actpass or active (RFC 8842 §5.2)',
    level: 'practice',
    run: async (trial) => {
      const setups = new Set(everywhere((await countered(trial)).posted.body, 'setup'))
      const holds = [...setups].every((setup) => setup === 'actpass' || setup === 'active')
      return judge(holds && setups.size > 0, `a=setup:${[...setups].join()}`)
    },
  },
  {
    clause: 'WHEP-37',
    title: 'an empty POST is answered by 201 with an offer, and PATCH completes it',
    level: 'MAY',
    run: async (trial) => {
      const session = await invited(trial)
      const patched = await answer(trial, session)
      const peer = await session.peer()
      const comes = await peer.receives(20)
      return judge(patched.status === 204 && comes, `${told(patched)}, ${comes ? 'RTP' : 'no RTP'}`)
    },
  },
  {
    clause: 'WHEP-60',
    title: 'candidates before the answer are 409',
    level: 'policy',
    run: async (trial) => {
      const { session } = await countered(trial)
      const patched = await session.trickle()
      return judge(patched.status === 409, told(patched))
    },
  },
]
