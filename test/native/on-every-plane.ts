import { describe, it } from 'vitest'
import { PlaneRig } from './plane-rig.ts'
import { type PlaneOptions, planes, type TestedPlane } from './planes.ts'

type Spec = (name: string, body: (rig: PlaneRig) => Promise<void>) => void

/** Longer than any wait within a spec, so that it is the wait that says what was missing. */
const timeout = 30_000

/**
 * Describes what every implementation must do, each spec with a plane of its own. Every packet
 * of every spec is also looked at for a nonce used twice.
 */
export function onEveryPlane(
  about: string,
  body: (it: Spec, plane: TestedPlane) => void,
  options?: PlaneOptions,
  tested = planes,
): void {
  describe.each(tested)(`${about} ($name)`, (plane) => {
    const spec: Spec = (name, run) => {
      it(name, { timeout }, async () => {
        const rig = await PlaneRig.open(plane, options)
        try {
          await run(rig)
          rig.check()
        } finally {
          await rig.close()
        }
      })
    }
    body(spec, plane)
  })
}
