import { networkInterfaces } from 'node:os'
import { pino } from 'pino'
import { anyoneMayWatch } from './access.ts'
import { renderBanner } from './banner.ts'
import { type Config, ConfigError, configOfProcess } from './config.ts'
import { demoStream, startDemo } from './demo.ts'
import { type Flags, helpText, parseFlags } from './flags.ts'
import { localAddresses } from './local-addresses.ts'
import { type Node, startNode } from './node.ts'
import { origins } from './origins.ts'
import { keyFile, keyFor, type PublishKeys, publishKeys } from './publish-key.ts'
import { systemClock } from './system-clock.ts'
import { loadTls } from './tls.ts'

/** A node that has not closed so long after it is drained is left to the operating system, in ms. */
const closeDeadline = 4_000

try {
  const flags = parseFlags(process.argv.slice(2))
  if (flags.help) print(helpText)
  else await run(flags)
} catch (error) {
  process.stderr.write(`${explain(error)}\n`)
  process.exit(1)
}

async function run(flags: Flags): Promise<void> {
  const config = configOfProcess({ open: flags.open })
  const log = pino(
    { level: config.LOG_LEVEL, base: { region: config.REGION } },
    pino.destination(2),
  )
  const tls = loadTls(config, systemClock.wall())
  const keys = publishKeys(config)
  const node = await startNode({ config, keys, tls, log })
  const { HTTP_HOST: host } = config
  const addresses = localAddresses(networkInterfaces())
  const reachable = origins({ secure: tls !== undefined, host, port: node.httpPort, addresses })
  const demo = flags.demo ? startDemo(reachable[0]!, keyFor(keys, demoStream)) : undefined
  const drainTime = Math.max(config.DRAIN_MS, config.DRAIN_PUBLISHERS_MS)
  closeOnSignal(closeDeadline + (config.REDIS_URL === undefined ? 0 : drainTime), async (hurry) => {
    demo?.kill('SIGTERM')
    await node.close(hurry)
  })
  // Last: whoever reads it may stop us at once.
  announce(node, config, { keys, flags, origins: reachable })
}

function announce(
  { httpPort, mediaPort, metricsPort, sending }: Node,
  config: Config,
  facts: { keys: PublishKeys; flags: Flags; origins: readonly string[] },
): void {
  if (config.PRINT === 'json') {
    print(`${JSON.stringify({ ready: true, httpPort, mediaPort, metricsPort, sending })}\n`)
    return
  }
  const { keys, flags } = facts
  print(
    renderBanner({
      origins: facts.origins,
      mediaPort,
      mediaTcp: config.MEDIA_TCP === 'on',
      metricsOrigin: `http://${config.METRICS_HOST}:${metricsPort}`,
      watchNeedsToken: !anyoneMayWatch(config),
      sending,
      ...(keys.kind === 'keys' && { publishKey: keyFor(keys) ?? '' }),
      ...(config.PUBLISH_KEY.length === 0 && { keyFile: keyFile(config.DATA_DIR) }),
      ...(flags.demo && { demoStream }),
    }),
  )
}

/**
 * A second signal ends the wait for clients.
 *
 * @param deadline ms
 */
function closeOnSignal(deadline: number, close: (hurry: AbortSignal) => Promise<void>): void {
  const hurry = new AbortController()
  let closing = false
  const stop = async () => {
    if (closing) return hurry.abort()
    closing = true
    setTimeout(() => process.exit(1), deadline).unref()
    await close(hurry.signal)
    process.exit(0)
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void stop())
}

function print(text: string): void {
  process.stdout.write(text)
}

// The operator's mistakes are told in a sentence; a stack would only hide it.
function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const isMistake = error instanceof ConfigError || error.cause !== undefined
  return isMistake ? error.message : (error.stack ?? error.message)
}
