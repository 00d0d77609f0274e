import { type Exchange, is2xx, told } from './caller.ts'
import { judge, NotOffered } from './check.ts'
import type { SharedCheck } from './shared.ts'
import { sdpType, type Trial } from './trial.ts'

const origin = 'https://conformance.example'

function preflight(trial: Trial): Promise<Exchange> {
  return trial.send('OPTIONS', {
    origin,
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'authorization, content-type',
  })
}

/** OPTIONS and CORS, without which no page is a client (WHIP §4.2, §4.6; WHEP §4.4). */
export const corsChecks: readonly SharedCheck[] = [
  {
    whip: 37,
    whep: 43,
    title: 'OPTIONS works for CORS',
    level: 'MUST',
    run: async (trial) => {
      const answered = await preflight(trial)
      const allowed = answered.headers['access-control-allow-origin']
      const isAllowed = allowed === '*' || allowed === origin
      return judge(is2xx(answered) && isAllowed, told(answered, 'access-control-allow-origin'))
    },
  },
  {
    whip: 38,
    title: 'OPTIONS is 200; clients take 204, too',
    level: 'policy',
    run: async (trial) => {
      const answered = await trial.send('OPTIONS')
      return judge(answered.status === 200, told(answered))
    },
  },
  {
    whip: 39,
    whep: 43,
    title: 'OPTIONS has Accept-Post: application/sdp',
    level: 'SHOULD',
    run: async (trial) => {
      const answered = await trial.send('OPTIONS')
      const accepted = answered.headers['accept-post']
      return judge(String(accepted ?? '').includes(sdpType), told(answered, 'accept-post'))
    },
  },
  {
    whip: 40,
    whep: 44,
    title: 'a preflight allows POST, PATCH, DELETE and the headers of clients',
    level: 'practice',
    run: async (trial) => {
      const { headers } = await preflight(trial)
      const methods = listOf(headers['access-control-allow-methods'])
      const names = listOf(headers['access-control-allow-headers'])
      const missing = [
        ...['post', 'patch', 'delete'].filter((name) => !methods.includes(name)),
        ...['authorization', 'content-type', 'if-match'].filter((name) => !names.includes(name)),
      ].filter(() => !methods.includes('*') || !names.includes('*'))
      return judge(missing.length === 0, missing.length === 0 ? 'all' : `not ${missing.join(', ')}`)
    },
  },
  {
    whip: 41,
    whep: 44,
    title: 'Location, Link and ETag of a 201 are exposed to pages',
    level: 'practice',
    run: async (trial) => {
      const posted = await trial.try(undefined, { origin })
      const exposed = listOf(posted.headers['access-control-expose-headers'])
      const missing = ['location', 'link', 'etag'].filter((name) => !exposed.includes(name))
      const holds = missing.length === 0 || exposed.includes('*')
      return judge(holds, holds ? 'all' : `not ${missing.join(', ')}`)
    },
  },
  {
    whip: 42,
    whep: 44,
    title: 'refusals have CORS headers, too',
    level: 'practice',
    run: async (trial) => {
      const refused = await trial.try(() => 'no SDP', { origin })
      const allowed = refused.headers['access-control-allow-origin']
      return judge(allowed !== undefined, told(refused, 'access-control-allow-origin'))
    },
  },
  {
    whip: 43,
    title: 'Vary: Origin where the origin is echoed',
    level: 'practice',
    run: async (trial) => {
      const answered = await preflight(trial)
      if (answered.headers['access-control-allow-origin'] !== origin) {
        throw new NotOffered('the origin is not echoed')
      }
      return judge(listOf(answered.headers.vary).includes('origin'), told(answered, 'vary'))
    },
  },
  {
    whip: 44,
    title: 'a preflight needs no token',
    level: 'MUST',
    run: async (trial) => {
      const answered = await preflight(trial)
      return judge(is2xx(answered), told(answered))
    },
  },
  {
    whip: 46,
    title: 'a preflight names no ICE servers',
    level: 'SHOULD',
    run: async (trial) => {
      const { headers } = await preflight(trial)
      const names = /ice-server/.test(String(headers.link ?? ''))
      return judge(!names, names ? 'Link: … rel="ice-server"' : 'no Link')
    },
  },
]

function listOf(value: string | readonly string[] | undefined): string[] {
  return String(value ?? '')
    .split(',')
    .map((name) => name.trim().toLowerCase())
}
