import type { Server } from 'node:http'
import { networkInterfaces } from 'node:os'
import type { FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import type { MediaPlaneListener } from '#native/media-plane.ts'
import { type OpenedPlane, openMediaPlane, RungError } from '#native/open-plane.ts'
import type { Config } from './config.ts'
import { explainListenError } from './listen-error.ts'
import { localAddresses } from './local-addresses.ts'
import type { Metrics } from './metrics.ts'
import { serveMetrics } from './metrics-server.ts'

/** What replies under way have when HTTP is closed, in ms. */
const lastReplies = 500
/** Below it the kernel drops packets of a burst, in bytes. */
const enoughKernelBuffer = 4 * 1024 * 1024

/**
 * Opens the media port on every address of this machine, and says how media will be sent.
 *
 * @throws Error that names the setting to change
 */
export async function listenMedia(
  { MEDIA_PORT: port, MEDIA_TCP, NATIVE: mode, MEDIA_THREADS: threads }: Config,
  listener: MediaPlaneListener,
  log: Logger,
): Promise<OpenedPlane> {
  try {
    const addresses = localAddresses(networkInterfaces())
    const tcp = MEDIA_TCP === 'on'
    const opened = await openMediaPlane({ addresses, port, listener, mode, threads, tcp })
    describeSending(opened, mode, log)
    return opened
  } catch (error) {
    if (error instanceof RungError) throw error
    const text = explainListenError(error, { port, portSetting: 'TAILRACE_MEDIA_PORT' })
    throw new Error(ofTcp(error) ? `${text}. ${withoutTcp}` : text, { cause: error })
  }
}

const withoutTcp = 'It is free for UDP and not for TCP: TAILRACE_MEDIA_TCP=off does without TCP'

function ofTcp(error: unknown): boolean {
  return error instanceof Error && 'transport' in error && error.transport === 'tcp'
}

/**
 * @returns the port it listens on
 * @throws Error that names the setting to change
 */
export async function listenHttp(
  app: FastifyInstance,
  { HTTP_PORT: port, HTTP_HOST: host }: Config,
): Promise<number> {
  try {
    await app.listen({ port, host })
    return portOf(app.server)
  } catch (error) {
    const where = {
      port,
      portSetting: 'TAILRACE_HTTP_PORT',
      host,
      hostSetting: 'TAILRACE_HTTP_HOST',
    }
    throw new Error(explainListenError(error, where), { cause: error })
  }
}

/**
 * Stops listening, and lets replies under way come to their end. A connection on which nothing was
 * ever asked, as browsers open in advance, is not idle to Node: it would hold the process for ever.
 */
export async function closeHttp(app: FastifyInstance): Promise<void> {
  const timer = setTimeout(() => app.server.closeAllConnections(), lastReplies)
  await app.close()
  clearTimeout(timer)
}

/** @throws Error that names the setting to change */
export async function listenMetrics(
  metrics: Metrics,
  { METRICS_PORT: port, METRICS_HOST: host }: Config,
): Promise<Server> {
  try {
    return await serveMetrics(metrics, port, host)
  } catch (error) {
    const where = {
      port,
      portSetting: 'TAILRACE_METRICS_PORT',
      host,
      hostSetting: 'TAILRACE_METRICS_HOST',
    }
    throw new Error(explainListenError(error, where), { cause: error })
  }
}

/** The TCP port of a server that listens. */
export function portOf(server: Server | FastifyInstance['server']): number {
  const address = server.address()
  return typeof address === 'object' && address ? address.port : 0
}

function describeSending({ plane, sending, threads, why }: OpenedPlane, mode: string, log: Logger) {
  const facts = { sending, ...(threads > 0 && { threads }), ...(why && { why }) }
  // Several times the CPU per viewer: an operator who did not ask for it should know.
  if (sending === 'typescript' && mode === 'auto') log.warn(facts, 'no native media plane')
  else log.info(facts, 'media plane opened')
  if (plane.kernelBuffer < enoughKernelBuffer) {
    log.warn(
      { bytes: plane.kernelBuffer },
      'small UDP buffers: set net.core.rmem_max and wmem_max to 8388608',
    )
  }
}
