import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { clockGeometry } from '#test/support/clock-reader.ts'
import { allowed, Stage, stageUnavailable } from '#test/support/stage.ts'

describe('SIGTERM', () => {
  let stage: Stage | undefined
  beforeEach(({ skip }) => {
    const missing = stageUnavailable()
    if (missing) skip(missing)
  })
  afterEach(async () => {
    await stage?.close()
    stage = undefined
  })

  it('tells publishers and viewers by DTLS, and the process is gone within 5 s', async () => {
    stage = await Stage.open()
    const publisher = await stage.obs('shutdown')
    const publication = await stage.publish('browser', {
      codec: 'VP8',
      clock: clockGeometry(640, 360),
    })
    await publication.sending()
    const viewings = [await stage.view('shutdown'), await stage.view('browser')]
    for (const viewing of viewings) await viewing.firstFrame()
    const [exit] = await Promise.all([
      stage.server.stop(),
      publisher.state('closed'),
      publication.state('dtls-closed'),
      ...viewings.map((viewing) => viewing.state('dtls-closed')),
    ])
    expect(exit).toMatchObject({ code: 0, signal: undefined })
    expect(exit.afterMs).toBeLessThan(allowed(5000))
  })

  it('takes no longer with nobody connected', async () => {
    stage = await Stage.open()
    const exit = await stage.server.stop()
    expect(exit).toMatchObject({ code: 0, signal: undefined })
  })
})
