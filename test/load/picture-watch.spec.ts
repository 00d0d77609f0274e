import { beforeEach, describe, expect, it } from 'vitest'
import { PictureWatch } from '#load/picture-watch.ts'
import type { StreamFigures } from '#load/stream-figures.ts'

describe('the picture of a viewer who goes from session to session', () => {
  let watch: PictureWatch
  beforeEach(() => {
    watch = new PictureWatch()
  })

  const video = (wholeAt: number, freezes = 0, frozen = 0, longestFreeze = frozen) =>
    ({ wholeAt, freezes, frozen, longestFreeze }) as StreamFigures

  it('stands still from the last frame of one session to the first keyframe of the next', () => {
    watch.look(video(1000), 500, 1010)
    watch.over('lost')
    watch.look(undefined, undefined, 1300)
    expect(watch.present(1300)).toEqual({ since: 1000, ms: 300, cause: 'lost' })
    watch.look(video(1620), 1600, 1630)
    expect(watch.interruptions).toEqual([{ since: 1000, ms: 600, cause: 'lost' }])
    expect(watch.freezes(1630)).toEqual({ freezes: 1, longestFreeze: 600, frozen: 600 })
  })

  it('does not stand still where the next session was live before the one ended', () => {
    watch.look(video(1000), 500, 1010)
    watch.over('moved')
    watch.look(video(1030), 800, 1040)
    expect(watch.interruptions).toEqual([{ since: 1000, ms: 0, cause: 'moved' }])
    expect(watch.freezes(1040)).toEqual({ freezes: 0, longestFreeze: 0, frozen: 0 })
  })

  it('stands still within a session as the figures of its frames say, once it moves again', () => {
    watch.look(video(1000), 500, 1010)
    watch.look(video(1000, 1, 400), 500, 1400)
    expect(watch.interruptions).toEqual([])
    expect(watch.freezes(1400)).toEqual({ freezes: 1, longestFreeze: 400, frozen: 400 })
    watch.look(video(1500, 1, 480), 500, 1510)
    expect(watch.interruptions).toEqual([{ since: 1020, ms: 480, cause: 'stall' }])
    watch.look(video(1530, 1, 480), 500, 1540)
    expect(watch.interruptions).toHaveLength(1)
  })

  it('stands still for no longer at a time than the longest freeze', () => {
    watch.look(video(1000), 500, 1010)
    watch.look(video(1300, 2, 550, 300), 500, 1550)
    watch.look(video(1700, 2, 700, 400), 500, 1710)
    expect(watch.interruptions).toEqual([{ since: 1300, ms: 400, cause: 'stall' }])
    expect(watch.freezes(1710)).toEqual({ freezes: 2, longestFreeze: 400, frozen: 700 })
  })

  it('counts no freeze of a session from before it was seen', () => {
    watch.look(video(1000), 500, 1010)
    watch.over('moved')
    watch.look(video(1030, 2, 700), 800, 1040)
    watch.look(video(1130, 2, 700), 800, 1140)
    expect(watch.freezes(1140)).toEqual({ freezes: 0, longestFreeze: 0, frozen: 0 })
  })

  it('is no picture yet where there has been none', () => {
    watch.look(undefined, undefined, 1000)
    watch.over('lost')
    expect(watch.present(9000)).toBeUndefined()
  })

  it('remembers the last 200 times and counts all', () => {
    for (let i = 0; i < 300; i++) {
      watch.look(video(1000 * i), 1000 * i, 1000 * i)
      watch.over('lost')
    }
    expect(watch.interruptions).toHaveLength(200)
    expect(watch.freezes(0).freezes).toBe(299)
  })
})
