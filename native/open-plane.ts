import { availableParallelism } from 'node:os'
import { messageOf } from '#core/errors.ts'
import { type LoadedAddon, loadAddon } from './addon-file.ts'
import { AddonPlane, type Rung } from './addon-plane.ts'
import type { MediaPlane, MediaPlaneListener } from './media-plane.ts'
import { TwinPlane } from './twin/twin-plane.ts'

/** How media is sent: a rung of the addon, or the twin below them (DESIGN §7). */
export type Sending = Rung | 'typescript'

/** What may be asked for: the best there is, one rung or none, or no native code. */
type NativeMode = 'auto' | Rung | 'off'

export interface OpenPlaneOptions {
  /** Local addresses to bind, IPv4 and IPv6. */
  readonly addresses: readonly string[]
  /** 0 takes a free one. */
  readonly port: number
  readonly listener: MediaPlaneListener
  readonly mode: NativeMode
  /** Native threads that send; 0 is one less than the processor has cores, at least one. */
  readonly threads: number
  /** Listens for TCP, too, at the same addresses and port. */
  readonly tcp: boolean
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

/** What a machine lacks that is without a rung. */
const missing: Readonly<Record<Rung, string>> = {
  gso: 'this kernel does not cut trains of datagrams (UDP_SEGMENT, since Linux 4.18)',
  sendmmsg: 'sendmmsg is not allowed here',
  sendto: 'sendto is not allowed here',
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
  const threads = options.threads || Math.max(1, availableParallelism() - 1)
  const { addresses, port, listener, tcp } = options
  let plane: AddonPlane
  try {
    const settings = { addresses, port, rung: mode, threads, tcp }
    plane = await AddonPlane.open(addon.binding, settings, listener)
  } catch (error) {
    if (isForTheOperator(error)) throw error
    return withoutAddon(options, `the native addon does not start: ${messageOf(error)}`, error)
  }
  const { sending } = plane
  if (mode !== 'auto' && sending !== mode) {
    await plane.close()
    return withoutAddon(options, missing[mode])
  }
  return { plane, sending, threads, ...(sending !== 'gso' && { why: reasonFor(sending, mode) }) }
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
  const { addresses, port, listener, tcp } = options
  const plane = await TwinPlane.open(addresses, port, listener, { tcp })
  return { plane, sending: 'typescript', threads: 0, why }
}

function reasonFor(sending: Exclude<Rung, 'gso'>, mode: NativeMode): string {
  if (mode !== 'auto') return `TAILRACE_NATIVE is ${mode}`
  return sending === 'sendmmsg' ? missing.gso : missing.sendmmsg
}

// The twin would meet the same: it is no reason to send by other means.
function isForTheOperator(error: unknown): boolean {
  const codes: readonly unknown[] = ['EADDRINUSE', 'EACCES', 'EADDRNOTAVAIL', 'EAFNOSUPPORT']
  return error instanceof Error && 'code' in error && codes.includes(error.code)
}
