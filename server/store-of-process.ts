import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { pino } from 'pino'
import { SqliteStore } from '#control/sqlite-store.ts'
import type { Store } from '#control/store.ts'
import { messageOf } from '#core/errors.ts'
import { openClusterStore } from './cluster-store.ts'
import { ConfigError, configOfProcess } from './config.ts'
import { storeFile } from './keeping.ts'

/**
 * The store that a node with the settings of this process would use, for backup and restore.
 *
 * @param purpose `read` works beside the node, `write` takes the place of a node by itself
 * @throws Error that says what to do
 */
export async function storeOfProcess(purpose: 'read' | 'write'): Promise<Store> {
  const config = configOfProcess({ open: false })
  const shared = await openClusterStore(config, pino({ level: 'silent' }), [])
  if (shared) return shared
  const file = join(config.DATA_DIR, storeFile)
  if (purpose === 'read' && !existsSync(file)) {
    throw new ConfigError([`there is no store at ${file}: set TAILRACE_DATA_DIR or _STORE_URL`])
  }
  try {
    return new SqliteStore(file, { shared: purpose === 'read' })
  } catch (cause) {
    const why = messageOf(cause)
    const advice = /locked/.test(why) ? ': stop the node first, it would not see what is put' : ''
    throw new Error(`${file} cannot be used (${why})${advice}`, { cause })
  }
}
