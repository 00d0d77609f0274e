import { is2xx, told } from './caller.ts'
import { judge, NotOffered, NotSeen } from './check.ts'
import type { SharedCheck } from './shared.ts'
import type { Trial } from './trial.ts'

/** @throws NotOffered where the endpoint asks for no token, NotSeen where we have none */
async function needsToken(trial: Trial): Promise<void> {
  const posted = await trial.try(undefined, { authorization: '' })
  if (is2xx(posted)) throw new NotOffered('the endpoint asks for no token')
  if (trial.token === undefined) throw new NotSeen('no token was given to this tool')
}

/** Bearer tokens (WHIP §4.7; WHEP §4.9; RFC 6750). */
export const authChecks: readonly SharedCheck[] = [
  {
    whip: 141,
    whep: 70,
    title: 'a bearer token in Authorization opens the endpoint',
    level: 'MUST',
    run: async (trial) => {
      await needsToken(trial)
      await trial.session()
      const posted = await trial.try()
      return judge(is2xx(posted), told(posted))
    },
  },
  {
    whip: 144,
    whep: 70,
    title: 'so does a token in the URL',
    level: 'MAY',
    run: async (trial) => {
      await needsToken(trial)
      const { token = '' } = trial
      const tried = [`token=${encodeURIComponent(token)}`, `jwt=${encodeURIComponent(token)}`]
      for (const query of tried) {
        const url = `${trial.url}${trial.url.includes('?') ? '&' : '?'}${query}`
        const sdp = trial.newOffer()
        const headers = { 'content-type': 'application/sdp' }
        const posted = await trial.caller.send({ method: 'POST', url, headers, body: sdp })
        if (posted.headers.location !== undefined) await trial.adopt(posted, sdp).close()
        if (is2xx(posted)) return judge(true, `${told(posted)} by ?${query.split('=')[0]}=`)
      }
      throw new NotOffered('by ?token= and ?jwt= it is refused')
    },
  },
  {
    whip: 145,
    whep: 70,
    title: 'without a token: 401 with WWW-Authenticate: Bearer',
    level: 'practice',
    run: async (trial) => {
      await needsToken(trial)
      const posted = await trial.try(undefined, { authorization: '' })
      const challenge = String(posted.headers['www-authenticate'] ?? '')
      const holds = posted.status === 401 && /^Bearer\b/i.test(challenge)
      return judge(holds, told(posted, 'www-authenticate'))
    },
  },
  {
    whip: 145,
    whep: 70,
    title: 'with a wrong token: 401 with error="invalid_token"',
    level: 'practice',
    run: async (trial) => {
      await needsToken(trial)
      const posted = await trial.try(undefined, { authorization: 'Bearer of-nobody' })
      const challenge = String(posted.headers['www-authenticate'] ?? '')
      const holds = posted.status === 401 && challenge.includes('error="invalid_token"')
      return judge(holds, told(posted, 'www-authenticate'))
    },
  },
  {
    whip: 146,
    whep: 70,
    title: 'with a token that is good for something else: 403',
    level: 'practice',
    run: async (trial) => {
      await needsToken(trial)
      if (trial.otherToken === undefined) throw new NotSeen('one token only was given')
      const posted = await trial.try(undefined, { authorization: `Bearer ${trial.otherToken}` })
      if (is2xx(posted)) throw new NotOffered('the other token is good for this, too')
      return judge(posted.status === 403, told(posted))
    },
  },
  {
    whip: 147,
    whep: 70,
    title: "a session cannot be ended with another's token; without one its URL is enough",
    level: 'policy',
    accepts: 'IO-11',
    run: async (trial) => {
      const session = await trial.open()
      const refused = await session.send('DELETE', { authorization: 'Bearer of-nobody' })
      const holds = refused.status === 401 || refused.status === 403
      return judge(holds, told(refused))
    },
  },
]
