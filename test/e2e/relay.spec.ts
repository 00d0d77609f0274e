import { beforeEach, describe, expect, it } from 'vitest'
import { Coturn, coturnUnavailable } from '#test/support/coturn.ts'
import { Viewing } from '#test/support/media-page.ts'
import { Stage, stageUnavailable } from '#test/support/stage.ts'

const secret = 'e2e-turn-secret-of-the-relay'

/** A server that names coturn beside it, and a browser at the other end of a line. */
async function openStage(transport: string): Promise<Stage> {
  // The near end of a line. One way only: of two, browsers may choose either.
  const url = `turn:10.77.0.1:3478?transport=${transport}`
  const env = { TAILRACE_TURN_SECRET: secret, TAILRACE_TURN_URLS: url }
  return await Stage.open({ line: { delayMs: 25 }, env })
}

describe('a viewer who can use nothing but a relay', () => {
  const missing = stageUnavailable({ line: true }) ?? coturnUnavailable()
  beforeEach(({ skip }) => {
    if (missing) skip(missing)
  })

  it.each`
    transport | noUdp
    ${'udp'}  | ${false}
    ${'tcp'}  | ${true}
  `(
    'watches through coturn over $transport',
    async ({ transport, noUdp }) => {
      await using opened = new AsyncDisposableStack()
      const stage = await openStage(transport)
      opened.defer(() => stage.close())
      const end = stage.line!.near
      const coturn = await Coturn.start({ end, secrets: [secret], peer: end.address })
      opened.defer(() => coturn.close())
      await stage.obs('relayed')
      // Set only now, so that what the server needs of UDP by itself is not in question.
      stage.line!.setBoth({ delayMs: 25, noUdp })
      await stage.page.call('extend', '/relayed-view.js')
      const options = { url: stage.server.whep('relayed') }
      const id = await stage.page.call<number>('viewByRelay', options)
      const viewing = new Viewing(stage.page, id)
      const { times } = await viewing.firstFrame()
      process.stdout.write(
        `by TURN over ${transport}, 50 ms RTT: first picture ` +
          `${Math.round(times.firstFrame! - times.click)} ms after the click\n`,
      )
      const report = await viewing.moreFrames(60)
      expect(report.framesDecoded).toBeGreaterThan(50)
      expect(await stage.page.call('call', id, 'path')).toEqual({
        candidateType: 'relay',
        relayProtocol: transport,
      })
      await viewing.sound()
      // An id of a session is not for the log of another program; nor is a secret for ours.
      const session = report.session.split('/').at(-1)!
      expect(coturn.lastWords).toContain('ALLOCATE processed, success')
      expect(coturn.lastWords).not.toContain(session)
      expect(stage.server.lastWords).not.toContain(secret)
      await viewing.close()
    },
    60_000,
  )
})
