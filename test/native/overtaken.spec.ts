import { expect } from 'vitest'
import { datagramSize, named, numbered } from './labels.ts'
import { onEveryPlane } from './on-every-plane.ts'
import { planes, twin } from './planes.ts'

// In the twin nothing happens between a keyframe and what is decided about it.
const threaded = planes.filter((plane) => plane !== twin)

onEveryPlane(
  'a replay whose rest a new keyframe has made the log drop',
  (it) => {
    it('waits for the command to jump, and leaves no hole', async (rig) => {
      const [viewer, other] = [await rig.viewer(), await rig.viewer()]
      const log = rig.log('a', { minimumAge: 10, maximumAge: 10, maximumBytes: 1e9 })
      log.arriveAll(100, 109)
      rig.replay(viewer, log, 100, { burst: datagramSize + 500, pace: 0 })
      await viewer.has(2)
      log.now = 100
      log.arriveAll(110, 113)
      rig.plane.setPace(viewer.track, 100_000)
      // By then every replay has had its turn several times.
      rig.replay(other, log, 110, { burst: 1, pace: 200 })
      await rig.told('caught up', other.track)
      rig.replay(viewer, log, 111)
      await viewer.has(5)
      expect(viewer.media).toEqual(numbered(['a100', 'a101', ...named('a', 111, 113)]))
    })
  },
  undefined,
  threaded,
)
