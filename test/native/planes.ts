import { type LoadedAddon, loadAddon } from '#native/addon-file.ts'
import { AddonPlane } from '#native/addon-plane.ts'
import type { MediaPlane, MediaPlaneListener } from '#native/media-plane.ts'
import { TwinPlane } from '#native/twin/twin-plane.ts'

export interface PlaneOptions {
  readonly addresses?: readonly string[]
  /** 0 takes a free one. */
  readonly port?: number
  /** First sequence numbers, as the planes ask for them: below `bound`. */
  readonly random?: (bound: number) => number
}

/** An implementation of the media plane, as specs open it. */
export interface TestedPlane {
  readonly name: string
  open(listener: MediaPlaneListener, options?: PlaneOptions): Promise<MediaPlane>
}

const loopback = ['127.0.0.1']
/** More than one, so that packets meet commands of another shard, too. */
const threads = 2

export const twin: TestedPlane = {
  name: 'twin',
  open: (listener, { addresses = loopback, port = 0, random } = {}) =>
    TwinPlane.open(addresses, port, listener, { ...(random && { random }) }),
}

/** Every implementation that this machine can run: the twin, and the addon on each of its rungs. */
export const planes: readonly TestedPlane[] = [twin, ...addonPlanes(loadAddon())]

function addonPlanes(addon: LoadedAddon): TestedPlane[] {
  if ('why' in addon) {
    process.stderr.write(`only the twin is tested: ${addon.why}\n`)
    return []
  }
  return (['gso', 'sendmmsg', 'sendto'] as const).map((rung) => ({
    name: `addon, ${rung}`,
    open: (listener, { addresses = loopback, port = 0, random } = {}) =>
      AddonPlane.open(
        addon.binding,
        { addresses, port, rung, threads, ...(random && { random }) },
        listener,
      ),
  }))
}
