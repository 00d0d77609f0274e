import { type LoadedAddon, loadAddon } from './addon-file.ts'
import type { MediaPlane, MediaPlaneListener } from './media-plane.ts'
import { TwinPlane } from './twin/twin-plane.ts'

/** How datagrams reach the kernel, best first: the ladder (DESIGN §7). */
export type Sending = 'gso' | 'sendmmsg' | 'sendto' | 'typescript'

/** What may be asked for: the best there is, one rung or none, or no native code. */
export type NativeMode = 'auto' | Exclude<Sending, 'typescript'> | 'off'

export interface OpenPlaneOptions {
  /** Local addresses to bind, IPv4 and IPv6. */
  readonly addresses: readonly string[]
  /** 0 takes a free one. */
  readonly port: number
  readonly listener: MediaPlaneListener
  readonly mode: NativeMode
  /** Native threads that send; 0 is one less than the processor has cores, at least one. */
  readonly threads: number
  /** The built one if absent. */
  readonly addon?: LoadedAddon
}

export interface OpenedPlane {
  readonly plane: MediaPlane & {
    /** Bytes of socket buffer the kernel granted. */
    readonly kernelBuffer: number
  }
  readonly sending: Sending
  /** Native threads that send; 0 in TypeScript. */
  readonly threads: number
  /** What keeps it from a better rung; absent on the best. */
  readonly why?: string
}

/** A rung was asked for by name, and this machine does not have it. */
export class RungError extends Error {}

/**
 * Opens the media port on the best rung that the mode allows.
 *
 * @throws RungError where a rung asked for by name cannot be had
 * @throws the system's error when the port is taken or an address is not ours
 */
export async function openMediaPlane(options: OpenPlaneOptions): Promise<OpenedPlane> {
  const { mode, addon = loadAddon() } = options
  if (mode === 'off') return openTwin(options, 'TAILRACE_NATIVE is off')
  if ('why' in addon) return withoutAddon(options, addon.why)
  return withoutAddon(options, 'the native media plane is still to come')
}

async function withoutAddon(
  options: OpenPlaneOptions,
  why: string,
  cause: unknown = why,
): Promise<OpenedPlane> {
  const { mode } = options
  if (mode === 'auto') return openTwin(options, why)
  throw new RungError(
    `TAILRACE_NATIVE=${mode} cannot be had: ${why}. Set TAILRACE_NATIVE=auto to take the best ` +
      'that this machine has',
    { cause },
  )
}

async function openTwin(options: OpenPlaneOptions, why: string): Promise<OpenedPlane> {
  const { addresses, port, listener } = options
  const plane = await TwinPlane.open(addresses, port, listener)
  return { plane, sending: 'typescript', threads: 0, why }
}
