import { type Exchange, is4xx, told } from './caller.ts'
import { type Check, judge, NotOffered } from './check.ts'
import { bundleOnly, type Change, taggedTransport, twice, unknownCodec, without } from './offers.ts'
import { directionsOf, has, kindOf, readSdp, values, writeSdp } from './sdp-text.ts'
import type { Trial } from './trial.ts'

const compose =
  (...changes: readonly Change[]): Change =>
  (sdp) =>
    changes.reduce((text, change) => change(text), sdp)

const direction = (name: string) => (sdp: string) => sdp.replaceAll('a=sendonly', `a=${name}`)

/** The offer is refused whole, as one that cannot be accepted. */
async function refused(trial: Trial, change: Change, statuses: readonly number[] = [422, 400]) {
  const posted = await trial.try(change)
  return judge(statuses.includes(posted.status), told(posted))
}

function isTaken(posted: Exchange) {
  return judge(posted.status === 201, told(posted))
}

const simulcast: Change = (sdp) => {
  const { session, media } = readSdp(without('ssrc')(without('ssrc-group')(sdp)))
  const layered = media.map((section) =>
    kindOf(section) === 'video'
      ? [...section, 'a=rid:q send', 'a=rid:h send', 'a=rid:f send', 'a=simulcast:send q;h;f']
      : section,
  )
  return writeSdp({ session, media: layered })
}

async function layeredVideo(trial: Trial): Promise<readonly string[]> {
  const session = await trial.open(simulcast)
  const video = readSdp(session.answer).media.find((section) => kindOf(section) === 'video') ?? []
  if (!has(video, 'simulcast')) throw new NotOffered('the answer has no a=simulcast')
  return video
}

/** Offers of publishers, and which of them are taken (WHIP §4.2, §4.4, §4.8). */
export const whipOffers: readonly Check[] = [
  {
    clause: 'WHIP-18',
    title: 'an SDP that cannot be accepted is 422',
    level: 'policy',
    run: (trial) => refused(trial, unknownCodec, [422]),
  },
  {
    clause: 'WHIP-22',
    title: 'recvonly and inactive are refused',
    level: 'policy',
    run: async (trial) => {
      const statuses: number[] = []
      for (const name of ['recvonly', 'inactive']) {
        statuses.push((await trial.try(direction(name))).status)
      }
      return judge(
        statuses.every((status) => status === 422),
        `POST ${statuses.join(', ')}`,
      )
    },
  },
  {
    clause: 'WHIP-23',
    title: 'sendrecv is answered by recvonly, too',
    level: 'MUST',
    run: async (trial) => {
      const session = await trial.open(direction('sendrecv'))
      const found = [...new Set(directionsOf(readSdp(session.answer)))]
      return judge(found.join() === 'recvonly', found.map((name) => `a=${name}`).join(', '))
    },
  },
  {
    clause: 'WHIP-24',
    title: 'no direction means sendrecv (RFC 8866 §6.7)',
    level: 'practice',
    run: async (trial) => isTaken(await trial.try(without('sendonly'))),
  },
  {
    clause: 'WHIP-97',
    title: 'an offer without BUNDLE is refused',
    level: 'policy',
    run: (trial) => refused(trial, without('group')),
  },
  {
    clause: 'WHIP-99',
    title: 'port 0 with a=bundle-only is an active section (RFC 9143 §6)',
    level: 'practice',
    accepts: 'IO-12',
    run: async (trial) => isTaken(await trial.try(bundleOnly)),
  },
  {
    clause: 'WHIP-101',
    title: 'transport attributes may stand in the tagged section alone (RFC 9143 §7.1.3)',
    level: 'practice',
    run: async (trial) => isTaken(await trial.try(taggedTransport)),
  },
  {
    clause: 'WHIP-102',
    title: 'a=msid may be missing',
    level: 'policy',
    run: async (trial) => isTaken(await trial.try(compose(without('msid'), without('ssrc')))),
  },
  {
    clause: 'WHIP-103',
    title: 'two video tracks, or two of audio, are refused by 422 or 400',
    level: 'MUST',
    run: async (trial) => {
      const statuses: number[] = []
      for (const kind of ['video', 'audio'] as const) {
        statuses.push((await trial.try(twice(kind))).status)
      }
      const holds = statuses.every((status) => status === 422 || status === 400)
      return judge(holds, `POST ${statuses.join(', ')}`)
    },
  },
  {
    clause: 'WHIP-103',
    title: 'an offer without any track is refused',
    level: 'MUST',
    run: async (trial) => {
      const posted = await trial.try((sdp) => {
        const session = readSdp(sdp).session.filter((line) => !line.startsWith('a=group'))
        return writeSdp({ session, media: [] })
      })
      return judge(is4xx(posted), told(posted))
    },
  },
  {
    clause: 'WHIP-104',
    title: 'no section is rejected by itself: with a codec that nobody has, the whole POST is',
    level: 'SHOULD',
    run: (trial) => refused(trial, unknownCodec),
  },
  {
    clause: 'WHIP-105',
    title: 'an audio codec that nobody has refuses the whole POST, too',
    level: 'SHOULD',
    run: (trial) => refused(trial, (sdp) => sdp.replaceAll(/opus\/48000\/2/gi, 'x-none/48000/2')),
  },
  {
    clause: 'WHIP-106',
    title: 'a=setup:active is answered by passive, or refused by 422 or 400',
    level: 'SHOULD',
    run: (trial) => answeredRole(trial, 'active', 'passive'),
  },
  {
    clause: 'WHIP-108',
    title: 'a=setup:passive is answered by active (ffmpeg offers it), or refused by 422',
    level: 'policy',
    accepts: 'IO-40',
    run: (trial) => answeredRole(trial, 'passive', 'active'),
  },
  {
    clause: 'WHIP-109',
    title: 'a lite agent is refused',
    level: 'policy',
    run: (trial) => refused(trial, (sdp) => sdp.replace('t=0 0\r\n', 't=0 0\r\na=ice-lite\r\n')),
  },
  {
    clause: 'WHIP-112',
    title: 'an offer without a fingerprint is refused (RFC 8122 §5)',
    level: 'practice',
    run: async (trial) => {
      const posted = await trial.try(without('fingerprint'))
      return judge(is4xx(posted), told(posted))
    },
  },
  {
    clause: 'WHIP-115',
    title: 'a data channel is refused',
    level: 'policy',
    run: (trial) =>
      refused(trial, (sdp) => {
        const { session, media } = readSdp(sdp)
        const channel = [
          'm=application 9 UDP/DTLS/SCTP webrtc-datachannel',
          'c=IN IP4 0.0.0.0',
          'a=mid:9',
          'a=sctp-port:5000',
        ]
        const grouped = session.map((line) =>
          line.startsWith('a=group:BUNDLE') ? `${line} 9` : line,
        )
        return writeSdp({ session: grouped, media: [...media, channel] })
      }),
  },
  {
    clause: 'WHIP-118',
    title: 'simulcast is answered with each rid, in order (RFC 8853 §5.3.2)',
    level: 'MUST',
    run: async (trial) => {
      const video = await layeredVideo(trial)
      const rids = values(video, 'rid').map((value) => value.split(' ').slice(0, 2).join(' '))
      const kept = values(video, 'simulcast')[0] ?? ''
      const holds = kept === 'recv q;h;f' && rids.join() === 'q recv,h recv,f recv'
      return judge(holds, `a=simulcast:${kept}, a=rid:${rids.join(', a=rid:')}`)
    },
  },
  {
    clause: 'WHIP-121',
    title: 'with simulcast, the extensions for mid and RID are answered',
    level: 'practice',
    run: async (trial) => {
      const uris = values(await layeredVideo(trial), 'extmap').join(' ')
      const missing = ['sdes:mid', 'sdes:rtp-stream-id'].filter((name) => !uris.includes(name))
      return judge(
        missing.length === 0,
        missing.length === 0 ? 'both' : `not ${missing.join(', ')}`,
      )
    },
  },
  {
    clause: 'WHIP-98',
    title: 'an offer without rtcp-mux is refused',
    level: 'policy',
    run: (trial) => refused(trial, without('rtcp-mux')),
  },
]

async function answeredRole(trial: Trial, offered: string, wanted: string) {
  const change: Change = (sdp) => sdp.replaceAll('a=setup:actpass', `a=setup:${offered}`)
  const posted = await trial.try(change)
  const [setup] = values(readSdp(posted.body).media.flat(), 'setup')
  const isRefused = posted.status === 422 || posted.status === 400
  const answered = posted.status === 201 ? `, a=setup:${setup}` : ''
  return judge(isRefused || setup === wanted, told(posted) + answered)
}
