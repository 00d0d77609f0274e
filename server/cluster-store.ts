import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from 'pino'
import { JetStreamStore, type StoreReport } from '#control/jetstream/store.ts'
import type { Revocation } from '#control/store.ts'
import { messageOf } from '#core/errors.ts'
import { type Config, ConfigError } from './config.ts'

/**
 * How long a start waits for NATS, in ms: as long as one takes that is started at the same time or
 * elects a leader; whoever starts nodes sees soon enough what is wrong.
 */
const patience = 20_000

/**
 * Opens the store that the nodes of a cluster share, and tells it what this node kept by itself
 * before; where there is none, gives undefined.
 *
 * @throws ConfigError when it cannot be read
 */
export async function openClusterStore(
  { STORE_URL: urls }: Pick<Config, 'STORE_URL'>,
  log: Logger,
  own: readonly Revocation[],
): Promise<JetStreamStore | undefined> {
  if (urls.length === 0) return undefined
  let store: JetStreamStore | undefined
  try {
    store = await JetStreamStore.open({
      ...{ urls, patience },
      replicas: urls.length >= 3 ? 3 : 1,
      report: (report) => write(log, report),
      pause: (ms, signal) => delay(ms, undefined, { signal }).catch(() => undefined),
      random: Math.random,
    })
    await store.adopt(own)
    return store
  } catch (cause) {
    await store?.close()
    throw new ConfigError([`TAILRACE_STORE_URL: ${messageOf(cause)}`], { cause })
  }
}

function write(log: Logger, report: StoreReport): void {
  const { kind, ...facts } = report
  if (kind === 'out-of-reach') {
    log.error(facts, 'the store is out of reach: what is known holds, nothing new can be revoked')
  } else if (kind === 'broken' || report.brokenKeys + report.brokenValues > 0) {
    log.error(facts, 'the store has entries that cannot be read')
  } else log.info(facts, 'the store was read')
}
