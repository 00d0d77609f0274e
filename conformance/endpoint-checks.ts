import { is2xx, is4xx, told, typeOf } from './caller.ts'
import { judge, NotSeen } from './check.ts'
import { fragmentType } from './open-session.ts'
import { readSdp } from './sdp-text.ts'
import type { SharedCheck } from './shared.ts'
import { sdpType } from './trial.ts'

const text = { 'content-type': 'text/plain' }

/** Without this, nothing else was seen. */
export const sessionTitle = "a browser's offer is answered by 201"

/** The endpoint's methods and the POST that makes a session (WHIP §4.1, §4.2; WHEP §4.1–4.3). */
export const endpointChecks: readonly SharedCheck[] = [
  {
    whip: 2,
    whep: 2,
    title: 'a refusal is explained by a problem body (RFC 9457)',
    level: 'MAY',
    run: async (trial) => {
      const refused = await trial.try(() => 'no SDP')
      const is = typeOf(refused) === 'application/problem+json'
      if (is || !is4xx(refused)) return judge(is, told(refused, 'content-type'))
      return { verdict: 'not offered', evidence: told(refused, 'content-type') }
    },
  },
  {
    whip: 4,
    whep: 3,
    title: 'GET on the endpoint is 2xx without content',
    level: 'MUST',
    run: async (trial) => {
      const got = await trial.send('GET')
      return judge(is2xx(got) && got.body === '', told(got))
    },
  },
  {
    whip: 5,
    whep: 3,
    title: 'GET on the session is 2xx without content',
    level: 'MUST',
    run: async (trial) => {
      const got = await (await trial.session()).send('GET')
      return judge(is2xx(got) && got.body === '', told(got))
    },
  },
  {
    whip: 6,
    title: 'a method that there is not: 405 with Allow (RFC 9110 §15.5.6)',
    level: 'practice',
    run: async (trial) => {
      const put = await trial.send('PUT')
      const session = await (await trial.session()).send('PUT')
      const both = [put, session]
      const holds = both.every(({ status, headers }) => status === 405 && headers.allow)
      return judge(holds, both.map((exchange) => told(exchange, 'allow')).join('; '))
    },
  },
  {
    whip: 8,
    title: 'the media type in any case and with parameters (RFC 9110 §8.3.1)',
    level: 'SHOULD',
    run: async (trial) => {
      const headers = { 'content-type': 'Application/SDP; charset=utf-8' }
      const posted = await trial.try(undefined, headers)
      return judge(posted.status === 201, told(posted))
    },
  },
  {
    whip: 12,
    whep: 11,
    title: sessionTitle,
    level: 'MUST',
    run: async (trial) => {
      const posted = await trial.try()
      if ([401, 403, 404, 409].includes(posted.status)) throw new NotSeen(told(posted))
      return judge(posted.status === 201, told(posted))
    },
  },
  {
    whip: 13,
    whep: 11,
    title: 'the 201 carries an SDP answer as application/sdp',
    level: 'MUST',
    run: async (trial) => {
      const { posted } = await trial.session()
      const holds = typeOf(posted) === sdpType && posted.body.startsWith('v=0')
      return judge(holds, told(posted, 'content-type'))
    },
  },
  {
    whip: 14,
    whep: 11,
    title: 'the 201 carries the session URL in Location',
    level: 'MUST',
    run: async (trial) => {
      const { posted, location } = await trial.session()
      const isOther = posted.headers.location !== undefined && location !== trial.url
      return judge(isOther, told(posted, 'location'))
    },
  },
  {
    whip: 14,
    whep: 11,
    title: 'the 201 has a Content-Length: ffmpeg reads no chunked answer',
    level: 'practice',
    accepts: 'IO-1',
    run: async (trial) => {
      const { posted } = await trial.session()
      const is = posted.headers['content-length'] !== undefined
      return judge(is, `POST 201 ${is ? 'with' : 'without'} Content-Length`)
    },
  },
  {
    whip: 14,
    whep: 11,
    title: 'Location is absolute or from the root: OBS resolves no other',
    level: 'practice',
    accepts: 'IO-2',
    run: async (trial) => {
      const { posted } = await trial.session()
      const location = posted.headers.location ?? ''
      return judge(/^(?:https?:\/\/|\/)/.test(location), told(posted, 'location'))
    },
  },
  {
    whip: 16,
    whep: 13,
    title: 'a POST of another media type is 4xx',
    level: 'MUST',
    run: async (trial) => {
      const refused = await trial.try(undefined, text)
      return judge(is4xx(refused), told(refused))
    },
  },
  {
    whip: 17,
    whep: 13,
    title: 'a POST that is no SDP is 4xx',
    level: 'MUST',
    run: async (trial) => {
      const refused = await trial.try(() => 'v=0\r\nthis is no SDP\r\n')
      return judge(is4xx(refused) && refused.status !== 406, told(refused))
    },
  },
  {
    whip: 19,
    title: 'an empty body is 400, a body without a type 415',
    level: 'policy',
    run: async (trial) => {
      const empty = await trial.try(() => '')
      const untyped = await trial.try(undefined, { 'content-type': '' })
      const holds = empty.status === 400 && untyped.status === 415
      return judge(holds, `${told(empty)}; ${told(untyped)}`)
    },
  },
  {
    whip: 20,
    title: 'a body above 64 KiB is 413',
    level: 'policy',
    run: async (trial) => {
      const refused = await trial.try((sdp) => sdp + 'a=x-long:1234567890\r\n'.repeat(3500))
      return judge(refused.status === 413, told(refused))
    },
  },
  {
    whip: 47,
    title: 'the 201 says that it takes fragments, in Accept-Patch',
    level: 'policy',
    run: async (trial) => {
      const { posted } = await trial.session()
      const holds = (posted.headers['accept-patch'] ?? '').includes(fragmentType)
      return judge(holds, told(posted, 'accept-patch'))
    },
  },
  {
    whip: 150,
    whep: 71,
    title: 'no extension is required: a session without any works',
    level: 'MUST',
    run: async (trial) => {
      const peer = await (await trial.open()).peer()
      return judge(peer.remote.ufrag !== '', 'ICE and DTLS connected')
    },
  },
  {
    whip: 153,
    whep: 108,
    title: 'session URLs cannot be guessed: some 120 bits that change',
    level: 'SHOULD',
    run: async (trial) => {
      const one = await trial.session()
      const other = await trial.open()
      const bits = changingBits(one.location, other.location)
      return judge(bits >= 112, bits >= 112 ? 'over 112 bits differ' : `${bits} bits may differ`)
    },
  },
  {
    whip: 61,
    whep: 46,
    title: 'offers with no, some and all candidates are taken',
    level: 'MUST',
    run: async (trial) => {
      const some = 'a=candidate:7 1 udp 2122260223 192.0.2.9 50123 typ host\r\n'
      const all = `${some}a=end-of-candidates\r\n`
      const tried = [(sdp: string) => sdp, (sdp: string) => sdp + some, (sdp: string) => sdp + all]
      await trial.session()
      const statuses: number[] = []
      for (const change of tried) statuses.push((await trial.try(change)).status)
      return judge(
        statuses.every((status) => status === 201),
        `POST ${statuses.join(', ')}`,
      )
    },
  },
  {
    whip: 63,
    whep: 51,
    title: "the answer has all of the server's candidates",
    level: 'MUST',
    run: async (trial) => {
      const { answer } = await trial.session()
      const holds = /^a=candidate:/m.test(answer)
      return judge(holds, holds ? 'a=candidate is there' : 'there is no a=candidate')
    },
  },
  {
    whip: 111,
    title: 'candidates are of component 1, and a=end-of-candidates follows',
    level: 'practice',
    run: async (trial) => {
      const lines = readSdp((await trial.session()).answer).media.flat()
      const candidates = lines.filter((line) => line.startsWith('a=candidate:'))
      const isOne = candidates.some((line) => line.split(' ')[1] === '1')
      const ends = lines.includes('a=end-of-candidates')
      return judge(isOne && ends, ends ? 'a=end-of-candidates' : 'no a=end-of-candidates')
    },
  },
]

/** What an id of this alphabet and length may hold, in bits: of the path segment that differs. */
function changingBits(one: string, other: string): number {
  const others = new URL(other).pathname.split('/')
  const changed = new URL(one).pathname.split('/').filter((part, i) => part !== others[i])
  const id = changed.join('').replaceAll('-', '')
  return Math.floor(id.length * (/^[0-9a-f]*$/i.test(id) ? 4 : 6))
}
