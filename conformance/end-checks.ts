import { setTimeout as sleep } from 'node:timers/promises'
import { is2xx, told } from './caller.ts'
import { judge } from './check.ts'
import type { SharedCheck } from './shared.ts'

/** Every way a session ends (WHIP §4.2; WHEP §4.4; RFC 7675 §5.2). */
export const endChecks: readonly SharedCheck[] = [
  {
    whip: 28,
    whep: 41,
    title: 'DELETE ends the session',
    level: 'MUST',
    run: async (trial) => {
      const session = await trial.open()
      const deleted = await session.delete()
      const after = await session.send('GET')
      return judge(is2xx(deleted) && !is2xx(after), `${told(deleted)}, then ${told(after)}`)
    },
  },
  {
    whip: 28,
    whep: 41,
    title: 'DELETE is 200: OBS asks again on 204',
    level: 'practice',
    accepts: 'IO-5',
    run: async (trial) => {
      const deleted = await (await trial.open()).delete()
      return judge(deleted.status === 200, told(deleted))
    },
  },
  {
    whip: 28,
    whep: 41,
    title: 'DELETE ends ICE and DTLS: no check is answered as before',
    level: 'MUST',
    run: async (trial) => {
      const session = await trial.open()
      const peer = await session.peer()
      const before = await peer.probe(session.local, peer.remote)
      await session.delete()
      const after = await peer.probe(session.local, peer.remote)
      const holds = before === 'answered' && after !== 'answered'
      return judge(holds, `check ${before}, after DELETE ${after}`)
    },
  },
  {
    whip: 29,
    whep: 45,
    title: 'a session that has ended is 404; a second DELETE 404 or 200',
    level: 'policy',
    accepts: 'IO-5',
    run: async (trial) => {
      const session = await trial.open()
      await session.delete()
      const patched = await session.trickle()
      const again = await session.delete()
      const holds = patched.status === 404 && (again.status === 404 || again.status === 200)
      return judge(holds, `${told(patched)}, ${told(again)}`)
    },
  },
  {
    whip: 30,
    whep: 50,
    title: 'DELETE does not heed If-Match',
    level: 'MUST',
    run: async (trial) => {
      const session = await trial.open()
      const deleted = await session.delete({ 'if-match': '"of-another-session"' })
      return judge(is2xx(deleted), told(deleted))
    },
  },
  {
    whip: 33,
    whep: 40,
    title: "the client's close_notify ends the session",
    level: 'MUST',
    run: async (trial) => {
      const session = await trial.open()
      const peer = await session.peer()
      peer.sayGoodbye()
      for (let tries = 0; tries < 5; tries++) {
        const check = await peer.probe(session.local, peer.remote)
        if (check !== 'answered') return judge(true, `check ${check}`)
        await sleep(500)
      }
      return judge(false, 'checks answered as before')
    },
  },
  {
    whip: 34,
    whep: 42,
    title: 'whose session the server ends is told: close_notify, or 403 to a check',
    level: 'MUST',
    run: async (trial) => {
      const session = await trial.open()
      const peer = await session.peer()
      await session.delete()
      const end = await peer.ended(1500)
      const check = await peer.probe(session.local, peer.remote)
      const isClosed = end === 'closed by the server'
      const evidence = `${isClosed ? 'close_notify' : 'no close_notify'}, check ${check}`
      return judge(isClosed || check === 'refused 403', evidence)
    },
  },
]
