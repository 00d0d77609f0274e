import { isRefused, told, typeOf } from './caller.ts'
import { judge, NotOffered, NotSeen } from './check.ts'
import { newCredentials } from './offers.ts'
import { fragmentType, type OpenSession, type Restart } from './open-session.ts'
import { everywhere } from './sdp-text.ts'
import type { SharedCheck } from './shared.ts'
import type { Trial } from './trial.ts'

interface Restarted {
  readonly session: OpenSession
  /** The tag of the 201. */
  readonly firstTag: string | undefined
  readonly restart: Restart
}

const known = new WeakMap<Trial, Promise<Restarted>>()

/** One for all checks that only look at what was said. @throws as `newlyRestarted` */
function restarted(trial: Trial): Promise<Restarted> {
  const before = known.get(trial)
  if (before) return before
  const restarting = newlyRestarted(trial)
  known.set(trial, restarting)
  return restarting
}

/** A session with media whose ICE has been restarted. @throws NotOffered where it cannot be */
async function newlyRestarted(trial: Trial): Promise<Restarted> {
  const session = await trial.open()
  await session.peer()
  const firstTag = session.etag
  const restart = await session.restart()
  if (restart.exchange.status !== 200) throw new NotOffered(told(restart.exchange))
  return { session, firstTag, restart }
}

function credentialsIn(text: string) {
  const [ufrag = ''] = everywhere(text, 'ice-ufrag')
  const [password = ''] = everywhere(text, 'ice-pwd')
  return { ufrag, password }
}

/** ICE restarts (WHIP §4.3.1, §4.3.3; WHEP §4.5.1, §4.5.3). */
export const restartChecks: readonly SharedCheck[] = [
  {
    whip: 15,
    whep: 12,
    title: 'with restarts, the 201 carries a strong ETag',
    level: 'MUST',
    run: async (trial) => {
      const { session } = await restarted(trial)
      const etag = session.posted.headers.etag ?? ''
      return judge(/^"[^"]*"$/.test(etag), told(session.posted, 'etag'))
    },
  },
  {
    whip: 48,
    whep: 46,
    title: 'ICE can be restarted',
    level: 'SHOULD',
    run: async (trial) => judge(true, told((await restarted(trial)).restart.exchange)),
  },
  {
    whip: 80,
    whep: 55,
    title: 'new credentials are a restart: the server has new ones and answers checks to them',
    level: 'MUST',
    run: async (trial) => {
      const { session, restart } = await newlyRestarted(trial)
      const peer = await session.peer()
      const remote = credentialsIn(restart.exchange.body)
      const isNew = remote.ufrag !== peer.remote.ufrag && remote.password !== peer.remote.password
      const check = await peer.probe(restart.credentials, remote)
      const evidence = `${isNew ? 'new' : 'the same'} credentials, check ${check}`
      return judge(isNew && check === 'answered', evidence)
    },
  },
  {
    whip: 83,
    whep: 55,
    title: 'If-Match: "*" means *',
    level: 'practice',
    run: async (trial) => {
      await restarted(trial)
      const session = await trial.open()
      const { exchange } = await session.restart('"*"')
      return judge(exchange.status === 200, told(exchange))
    },
  },
  {
    whip: 84,
    whep: 55,
    title: 'a restart is answered by 200 with a fragment: credentials and candidates',
    level: 'MUST',
    run: async (trial) => {
      const { exchange } = (await restarted(trial)).restart
      const names = ['ice-ufrag', 'ice-pwd', 'candidate']
      const missing = names.filter((name) => everywhere(exchange.body, name).length === 0)
      const holds = typeOf(exchange) === fragmentType && missing.length === 0
      const lacks = missing.length === 0 ? '' : `, without a=${missing.join(', a=')}`
      return judge(holds, told(exchange, 'content-type') + lacks)
    },
  },
  {
    whip: 85,
    whep: 55,
    title: 'the 200 carries the new ETag',
    level: 'MUST',
    run: async (trial) => {
      const { firstTag, restart } = await restarted(trial)
      const { etag } = restart.exchange.headers
      const evidence = `${told(restart.exchange, 'etag')}${etag === firstTag ? ', as before' : ''}`
      return judge(etag !== undefined && etag !== firstTag, evidence)
    },
  },
  {
    whip: 55,
    title: 'the tag of each ICE session is another, and strong',
    level: 'MUST',
    run: async (trial) => {
      const { session, firstTag } = await restarted(trial)
      const other = await trial.open()
      const tags = new Set([firstTag, session.etag, other.etag])
      const isStrong = [...tags].every((tag) => tag !== undefined && /^"[^"]*"$/.test(tag))
      return judge(tags.size === 3 && isStrong, `${tags.size} of 3 tags differ`)
    },
  },
  {
    whip: 57,
    whep: 49,
    title: 'after a restart the tag of before is 412',
    level: 'MUST',
    run: async (trial) => {
      const { session, firstTag, restart } = await newlyRestarted(trial)
      if (!firstTag?.startsWith('"')) throw new NotSeen('there is no tag of before')
      const body = session.fragment({ credentials: restart.credentials })
      const patched = await session.patch(body, { ifMatch: firstTag })
      return judge(patched.status === 412, told(patched))
    },
  },
  {
    whip: 56,
    whep: 49,
    title: 'after a restart PATCH without If-Match is 428',
    level: 'MUST',
    accepts: 'IO-8, IO-9',
    run: async (trial) => {
      const { session, restart } = await newlyRestarted(trial)
      const patched = await session.patch(session.fragment({ credentials: restart.credentials }))
      return judge(patched.status === 428 || patched.status === 204, told(patched))
    },
  },
  {
    whip: 87,
    whep: 56,
    title: 'ice-lite and ice-options are as in the answer',
    level: 'MUST',
    run: async (trial) => {
      const { session, restart } = await restarted(trial)
      const { body } = restart.exchange
      const differing = ['ice-lite', 'ice-options', 'ice-pacing'].flatMap((name) => {
        const [before, after] = [session.answer, body].map((text) => {
          const found = [...new Set(everywhere(text, name))]
          return found.length === 0 ? `no a=${name}` : `a=${name}:${found.join()}`
        })
        return before === after ? [] : [`${before}, then ${after}`]
      })
      return judge(differing.length === 0, differing.join('; ') || 'as before')
    },
  },
  {
    whip: 88,
    whep: 57,
    title: 'a restart that is refused leaves the session as it was',
    level: 'MUST',
    run: async (trial) => {
      const session = await trial.open()
      const peer = await session.peer()
      const { ufrag } = newCredentials()
      const body = session.fragment({ credentials: { ...session.local, ufrag, password: 'short' } })
      const refused = await session.patch(body, { ifMatch: '*' })
      if (!isRefused(refused)) throw new NotSeen(`not refused: ${told(refused)}`)
      const check = await peer.probe(session.local, peer.remote)
      return judge(check === 'answered', `${told(refused)}, check ${check}`)
    },
  },
  {
    whip: 93,
    title: 'media and DTLS go on through a restart',
    level: 'practice',
    run: async (trial) => {
      const { session, restart } = await newlyRestarted(trial)
      const peer = await session.peer()
      const remote = credentialsIn(restart.exchange.body)
      const check = await peer.probe(restart.credentials, remote, true)
      const end = await peer.ended(500)
      return judge(check === 'answered' && end === undefined, `check ${check}, ${end ?? 'no end'}`)
    },
  },
  {
    whep: 55,
    title: 'media goes on through a restart',
    level: 'practice',
    run: async (trial) => {
      const { session, restart } = await newlyRestarted(trial)
      const peer = await session.peer()
      const remote = credentialsIn(restart.exchange.body)
      peer.restarted(restart.credentials)
      const before = await peer.receives(20)
      const check = await peer.probe(restart.credentials, remote, true)
      const after = await peer.receives(20)
      const flows = (does: boolean) => (does ? 'flows' : 'does not flow')
      const evidence = `media ${flows(before)}, check ${check}, media ${flows(after)}`
      return judge(before && after, evidence)
    },
  },
  {
    whip: 94,
    title: 'until the new pair is nominated, checks to the old credentials are answered',
    level: 'policy',
    run: async (trial) => {
      const { session } = await newlyRestarted(trial)
      const peer = await session.peer()
      const check = await peer.probe(session.local, peer.remote)
      return judge(check === 'answered', `check ${check}`)
    },
  },
  {
    whip: 95,
    title: 'a fragment with a ufrag and no password is 4xx',
    level: 'practice',
    run: async (trial) => {
      const session = await trial.session()
      const { ufrag } = newCredentials()
      const body = session.fragment({ credentials: { ufrag } })
      const patched = await session.patch(body, { ifMatch: '*' })
      return judge(isRefused(patched), told(patched))
    },
  },
]
