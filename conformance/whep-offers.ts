import { is2xx, is4xx, told, typeOf } from './caller.ts'
import { type Check, judge, NotSeen } from './check.ts'
import { twice, without } from './offers.ts'
import { kindOf, portOf, readSdp } from './sdp-text.ts'
import { sdpType } from './trial.ts'

/** To be made while nobody publishes. */
export const idleChecks: readonly Check[] = [
  {
    clause: 'WHEP-38',
    title: 'a stream that nobody publishes is 409 with Retry-After',
    level: 'MUST',
    run: async (trial) => {
      const posted = await trial.try()
      if (posted.status === 401 || posted.status === 403) throw new NotSeen(told(posted))
      if (is2xx(posted)) throw new NotSeen('somebody publishes it, or nobody need do so')
      const holds = posted.status === 409 && posted.headers['retry-after'] !== undefined
      const after = posted.headers['retry-after'] === undefined ? 'without' : 'with'
      return judge(holds, `${told(posted)} ${after} Retry-After`)
    },
  },
]

/** Discovery, and offers of players (WHEP §4.2, §4.3). */
export const whepOffers: readonly Check[] = [
  {
    clause: 'WHEP-4',
    title: 'HEAD works on the endpoint',
    level: 'SHOULD',
    run: async (trial) => {
      const head = await trial.send('HEAD')
      return judge(is2xx(head), told(head))
    },
  },
  {
    clause: 'WHEP-5',
    title: 'HEAD is 200 with Content-Type: application/sdp',
    level: 'SHOULD',
    run: async (trial) => {
      const head = await trial.send('HEAD')
      return judge(head.status === 200 && typeOf(head) === sdpType, told(head, 'content-type'))
    },
  },
  {
    clause: 'WHEP-6',
    title: 'GET has the headers of HEAD (RFC 9110 §9.3.2)',
    level: 'SHOULD',
    run: async (trial) => {
      const head = await trial.send('HEAD')
      const got = await trial.send('GET')
      const alike = got.status === head.status && typeOf(got) === typeOf(head)
      return judge(alike, `${told(head, 'content-type')}; ${told(got, 'content-type')}`)
    },
  },
  {
    clause: 'WHEP-9',
    title: 'discovery needs no token',
    level: 'policy',
    run: async (trial) => {
      const head = await trial.send('HEAD')
      return judge(is2xx(head), told(head))
    },
  },
  {
    clause: 'WHEP-14',
    title: 'an offer whose transport does not suit is 422',
    level: 'policy',
    run: async (trial) => {
      const posted = await trial.try((sdp) => sdp.replace('t=0 0\r\n', 't=0 0\r\na=ice-lite\r\n'))
      return judge(posted.status === 422, told(posted))
    },
  },
  {
    clause: 'WHEP-15',
    title: 'inactive and sendonly are not answered by 201',
    level: 'policy',
    run: async (trial) => {
      const statuses: number[] = []
      for (const name of ['inactive', 'sendonly']) {
        const posted = await trial.try((sdp) => sdp.replaceAll('a=recvonly', `a=${name}`))
        statuses.push(posted.status)
      }
      return judge(!statuses.includes(201), `POST ${statuses.join(', ')}`)
    },
  },
  {
    clause: 'WHEP-15',
    title: 'sendrecv is taken',
    level: 'practice',
    run: async (trial) => {
      await trial.session()
      const posted = await trial.try((sdp) => sdp.replaceAll('a=recvonly', 'a=sendrecv'))
      return judge(posted.status === 201, told(posted))
    },
  },
  {
    clause: 'WHEP-20',
    title: 'sections beyond what there is are rejected by themselves',
    level: 'policy',
    run: async (trial) => {
      await trial.session()
      const posted = await trial.try(twice('video'))
      const videos = readSdp(posted.body).media.filter((section) => kindOf(section) === 'video')
      const kept = videos.filter((section) => portOf(section) !== 0).length
      return judge(posted.status === 201 && kept === 1, told(posted))
    },
  },
  {
    clause: 'WHEP-104',
    title: 'without any choice of a layer the server makes one: media comes',
    level: 'practice',
    run: async (trial) => {
      const peer = await (await trial.session()).peer()
      const comes = await peer.receives(20)
      return judge(comes, comes ? 'RTP' : 'no RTP within 3 s')
    },
  },
  {
    clause: 'WHEP-61',
    title: 'an offer without BUNDLE is refused',
    level: 'policy',
    run: async (trial) => {
      const posted = await trial.try(without('group'))
      return judge(is4xx(posted), told(posted))
    },
  },
]
