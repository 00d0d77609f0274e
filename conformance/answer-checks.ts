import { judge, NotOffered } from './check.ts'
import {
  bundleOf,
  directionsOf,
  everywhere,
  has,
  kindOf,
  portOf,
  readSdp,
  type SdpText,
  values,
} from './sdp-text.ts'
import type { SharedCheck } from './shared.ts'
import type { Trial } from './trial.ts'

async function answerOf(trial: Trial): Promise<SdpText> {
  return readSdp((await trial.session()).answer)
}

function active({ media }: SdpText): (readonly string[])[] {
  return media.filter((section) => portOf(section) !== 0)
}

function offeredSections(trial: Trial): SdpText {
  return readSdp(trial.newOffer())
}

/** The answer to a browser's offer (WHIP §4.2, §4.4; WHEP §4.3, §4.6). */
export const answerChecks: readonly SharedCheck[] = [
  {
    whip: 96,
    whep: 61,
    title: 'everything is in one BUNDLE group',
    level: 'MUST',
    run: async (trial) => {
      const answer = await answerOf(trial)
      const group = bundleOf(answer)
      const mids = active(answer).flatMap((section) => values(section, 'mid'))
      const holds = mids.length > 0 && mids.every((mid) => group.includes(mid))
      return judge(holds, `a=group:BUNDLE ${group.join(' ')}`)
    },
  },
  {
    whip: 98,
    whep: 61,
    title: 'every section has a=rtcp-mux',
    level: 'MUST',
    run: async (trial) => {
      const sections = active(await answerOf(trial))
      const holds = sections.every(
        (section) => has(section, 'rtcp-mux') || has(section, 'rtcp-mux-only'),
      )
      return judge(holds, holds ? 'a=rtcp-mux' : 'a section without a=rtcp-mux')
    },
  },
  {
    whip: 98,
    whep: 61,
    title: 'a=rtcp-mux-only is answered by a=rtcp-mux-only (browsers offer none)',
    level: 'MUST',
    run: async (trial) => {
      const session = await trial.open((sdp) =>
        sdp.replaceAll('a=rtcp-mux\r\n', 'a=rtcp-mux\r\na=rtcp-mux-only\r\n'),
      )
      const sections = active(readSdp(session.answer))
      const holds = sections.every((section) => has(section, 'rtcp-mux-only'))
      return judge(holds, holds ? 'a=rtcp-mux-only' : 'a section without a=rtcp-mux-only')
    },
  },
  {
    whip: 100,
    title: 'no accepted section has port 0',
    level: 'practice',
    run: async (trial) => {
      const { media } = await answerOf(trial)
      const ports = media.map(portOf)
      return judge(!ports.includes(0), ports.includes(0) ? 'port 0' : 'another port')
    },
  },
  {
    whip: 107,
    whep: 64,
    title: 'a=setup of the answer is active or passive (RFC 8842 §5.3)',
    level: 'MUST',
    run: async (trial) => {
      const setups = new Set(everywhere((await trial.session()).answer, 'setup'))
      const [setup] = setups
      return judge(
        setups.size === 1 && (setup === 'active' || setup === 'passive'),
        `a=setup:${setup}`,
      )
    },
  },
  {
    whip: 110,
    whep: 63,
    title: 'the server is a full ICE agent, or lite and reachable',
    level: 'MAY',
    run: async (trial) => {
      const session = await trial.open()
      const lite = everywhere(session.answer, 'ice-lite').length > 0
      const peer = await session.peer()
      return judge(peer.remote.ufrag !== '', lite ? 'a=ice-lite, reached' : 'full ICE, reached')
    },
  },
  {
    whip: 112,
    title: "the answer's fingerprint is of SHA-256 or stronger",
    level: 'practice',
    run: async (trial) => {
      const found = everywhere((await trial.session()).answer, 'fingerprint')
      const hashes = [...new Set(found.map((value) => value.split(' ')[0]!))]
      return judge(
        hashes.some((hash) => /^sha-(?:256|384|512)$/i.test(hash)),
        hashes.join(', '),
      )
    },
  },
  {
    whip: 113,
    whep: 18,
    title: "payload types and extension ids are the offer's (RFC 3264 §6.1, RFC 8285 §6)",
    level: 'SHOULD',
    run: async (trial) => {
      const offered = offeredSections(trial).media.flat()
      const answered = active(await answerOf(trial)).flat()
      const keyed = (lines: readonly string[], name: string) =>
        new Map(
          values(lines, name).map((value) => {
            const [id = '', what = ''] = value.split(' ')
            return [id, what]
          }),
        )
      const alike = ['rtpmap', 'extmap'].filter((name) => {
        const ours = keyed(offered, name)
        return [...keyed(answered, name)].every(([id, what]) => {
          return ours.get(id)?.toLowerCase() === what.toLowerCase()
        })
      })
      return judge(alike.length === 2, `a=${alike.join(', a=')} as offered`)
    },
  },
  {
    whip: 114,
    title: 'no feedback or extension is answered that was not offered (RFC 4585 §4.2)',
    level: 'practice',
    run: async (trial) => {
      const offered = offeredSections(trial).media.flat()
      const answered = active(await answerOf(trial)).flat()
      const surplus = ['rtcp-fb', 'extmap'].flatMap((name) => {
        const ours = values(offered, name)
        return values(answered, name).filter((value) => !ours.includes(value))
      })
      return judge(surplus.length === 0, surplus[0] ?? 'none')
    },
  },
  {
    whip: 116,
    title: 'an offer may end its lines by LF, and have unknown attributes (RFC 8866 §5)',
    level: 'SHOULD',
    run: async (trial) => {
      const posted = await trial.try((sdp) => `${sdp}a=x-unknown:1\r\n`.replaceAll('\r\n', '\n'))
      return judge(posted.status === 201, `POST ${posted.status}`)
    },
  },
  {
    whip: 23,
    title: 'every section of the answer is recvonly',
    level: 'MUST',
    run: async (trial) => directionsAre('recvonly', await answerOf(trial)),
  },
  {
    whep: 16,
    title: 'every section of the answer is sendonly',
    level: 'MUST',
    run: async (trial) => directionsAre('sendonly', await answerOf(trial)),
  },
  {
    whep: 62,
    title: 'one MediaStream, one audio and one video track at most',
    level: 'MUST',
    run: async (trial) => {
      const answer = await answerOf(trial)
      const sections = active(answer)
      const kinds = sections.map(kindOf)
      const streams = sections.flatMap((section) =>
        [...values(section, 'msid'), ...values(section, 'ssrc').flatMap(msidOf)].map(
          (value) => value.split(' ')[0]!,
        ),
      )
      const isOnce = new Set(kinds).size === kinds.length && kinds.length > 0
      const holds = isOnce && new Set(streams).size === 1
      return judge(holds, `${kinds.join(' and ')}, ${new Set(streams).size} streams`)
    },
  },
  {
    whep: 65,
    title: 'a=msid and a=ssrc name what is sent, for the track event of browsers',
    level: 'practice',
    run: async (trial) => {
      const sections = active(await answerOf(trial))
      const missing = ['msid', 'ssrc'].filter(
        (name) => !sections.every((lines) => has(lines, name)),
      )
      return judge(
        missing.length === 0,
        missing.length === 0 ? 'both' : `no a=${missing.join(', a=')}`,
      )
    },
  },
  {
    whep: 66,
    title: 'RTX is answered with its apt and an FID group',
    level: 'practice',
    run: async (trial) => {
      const video = active(await answerOf(trial)).find((section) => kindOf(section) === 'video')
      const rtx = values(video ?? [], 'rtpmap').some((value) => / rtx\//i.test(value))
      if (!rtx) throw new NotOffered('no RTX in the answer')
      const hasApt = values(video!, 'fmtp').some((value) => / apt=/.test(value))
      const hasGroup = values(video!, 'ssrc-group').some((value) => value.startsWith('FID '))
      return judge(
        hasApt && hasGroup,
        `${hasApt ? '' : 'no '}apt, ${hasGroup ? '' : 'no '}FID group`,
      )
    },
  },
]

function directionsAre(wanted: string, answer: SdpText) {
  const found = [...new Set(directionsOf(answer))]
  return judge(
    found.length === 1 && found[0] === wanted,
    found.map((name) => `a=${name}`).join(', '),
  )
}

function msidOf(value: string): string[] {
  const [, msid] = / msid:(.+)$/.exec(value) ?? []
  return msid === undefined ? [] : [msid]
}
