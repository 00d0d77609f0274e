import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { clockGeometry } from '#test/support/clock-reader.ts'
import { allowed, long, Stage, stageUnavailable } from '#test/support/stage.ts'
import { UdpProxy } from '#test/support/udp-proxy.ts'

const clock = clockGeometry(640, 360)
/** Pictures that are watched after a change: more than there are in any buffer. */
const watched = long ? 90 : 45

const missing = stageUnavailable()
let stage: Stage

beforeAll(async () => {
  if (!missing) stage = await Stage.open()
})
beforeEach(({ skip }) => {
  if (missing) skip(missing)
})
afterAll(async () => {
  await stage?.close()
})

/** The states it was in that a session without trouble has not. */
const troubles = (states: readonly { readonly state: string }[]) =>
  states.map(({ state }) => state).filter((state) => /disconnected|failed|closed/.test(state))

describe('pc.restartIce() in mid-play (RFC 9725 §4.3.3)', () => {
  it('of a viewer changes its path, and neither its session nor its picture', async () => {
    await stage.obs('viewer-restarts')
    const viewing = await stage.view('viewer-restarts')
    await viewing.firstFrame()
    const before = await viewing.moreFrames(15)
    await viewing.mark()
    const { etag, fragment } = await viewing.restart()
    const after = await viewing.moreFrames(watched)
    expect(after.longestFreeze).toBeLessThan(allowed(1000))
    expect([after.session, after.state]).toEqual([before.session, 'connected'])
    expect(troubles(after.states)).toEqual([])
    await viewing.sound()
    expect(fragment).toMatch(/^a=ice-lite\r$/m)
    // Candidates of one generation are told apart from the other's from now on.
    expect(await viewing.patch(etag)).toBe(204)
    expect(await viewing.patch('"another"')).toBe(412)
    expect(await viewing.patch()).toBe(428)
    await viewing.close()
  })

  it('of a publisher changes its path, and nothing for those who watch', async () => {
    const publication = await stage.publish('publisher-restarts', { codec: 'VP8', clock })
    await publication.sending()
    const viewing = await stage.view('publisher-restarts')
    await viewing.firstFrame()
    await viewing.moreFrames(15)
    const { session } = await publication.report()
    await viewing.mark()
    await publication.restart()
    const seen = await viewing.moreFrames(watched)
    expect(seen.longestFreeze).toBeLessThan(allowed(1000))
    const report = await publication.report()
    expect([report.session, report.state]).toEqual([session, 'connected'])
    expect(troubles(report.states)).toEqual([])
    await viewing.close()
    await publication.close()
  })

  it('may be done again and again', async () => {
    await stage.obs('restarts')
    const viewing = await stage.view('restarts')
    await viewing.firstFrame()
    const tags = new Set<string>()
    for (let i = 0; i < 3; i++) {
      tags.add((await viewing.restart()).etag)
      await viewing.moreFrames(30)
    }
    expect(tags.size).toBe(3)
    expect(troubles((await viewing.report()).states)).toEqual([])
    await viewing.close()
  })
})

describe('a client whose address changes in mid-play (ICE-56..59)', () => {
  let proxy: UdpProxy
  beforeEach(async () => {
    proxy = await UdpProxy.open(stage.server.media)
  })
  afterEach(async () => {
    await proxy?.close()
  })

  it('watches on in the same session', async () => {
    await stage.obs('viewer-moves')
    const viewing = await stage.view('viewer-moves', { through: proxy.address })
    await viewing.firstFrame()
    const before = await viewing.moreFrames(15)
    proxy.rebind()
    await viewing.moreFrames(watched)
    // It is the new path that all of these came on, and the session is the one it had.
    const after = await viewing.moreFrames(watched)
    expect([after.session, after.state]).toEqual([before.session, 'connected'])
    expect(await viewing.patch()).toBe(204)
    await viewing.close()
  })

  it('publishes on in the same session', async () => {
    const through = proxy.address
    const publication = await stage.publish('publisher-moves', { codec: 'VP8', clock, through })
    await publication.sending()
    const viewing = await stage.view('publisher-moves')
    await viewing.firstFrame()
    await viewing.moreFrames(15)
    const { session } = await publication.report()
    proxy.rebind()
    await viewing.moreFrames(watched)
    await viewing.moreFrames(watched)
    expect(await publication.report()).toMatchObject({ session, state: 'connected' })
    expect(await publication.patch()).toBe(204)
    await viewing.close()
    await publication.close()
  })
})
