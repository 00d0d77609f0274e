import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import type { Logger } from 'pino'
import { AuditLog } from '#control/audit/audit-log.ts'
import { SqliteStore } from '#control/sqlite-store.ts'
import type { Store } from '#control/store.ts'
import type { Clock } from '#core/clock.ts'
import { messageOf } from '#core/errors.ts'
import { openClusterStore } from './cluster-store.ts'
import { type Config, ConfigError } from './config.ts'

/** In the data folder: the store of a node by itself. */
export const storeFile = 'tailrace.db'

/** What a node keeps: in its data folder, and in a cluster also where all of them do. */
export interface Kept {
  readonly store: Store
  readonly audit: AuditLog
  /** After which nothing can be kept. */
  close(): Promise<void>
}

interface Services {
  readonly clock: Clock
  readonly log: Logger
}

type Settings = Pick<Config, 'DATA_DIR' | 'STORE_URL'>

/**
 * Opens store and audit log, of which a folder has one each and a node at a time.
 *
 * @throws ConfigError when the folder cannot be used, another node uses it, or the store of the
 *   cluster cannot be read: a node that knows no revocations would let everybody in
 */
export async function openKept(config: Settings, services: Services): Promise<Kept> {
  const { own, audit } = openFolder(config.DATA_DIR, services)
  try {
    const shared = await openClusterStore(config, services.log, own.revocations())
    const close = async () => {
      await audit.close()
      await shared?.close()
      own.close()
    }
    return { store: shared ?? own, audit, close }
  } catch (error) {
    await audit.close()
    own.close()
    throw error
  }
}

function openFolder(folder: string, { clock, log }: Services) {
  let own: SqliteStore | undefined
  try {
    own = new SqliteStore(join(folder, storeFile))
    const audit = join(folder, 'audit')
    mkdirSync(audit, { recursive: true, mode: 0o700 })
    const failed = (why: string, chain: string) => log.error({ why, chain }, 'audit log')
    const known = readdirSync(audit, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name)
    const key = auditKey(audit)
    return { own, audit: new AuditLog({ folder: audit, key, clock, failed, known }) }
  } catch (cause) {
    own?.close()
    const why = messageOf(cause)
    const advice = /locked/.test(why)
      ? 'another node uses it: set TAILRACE_DATA_DIR to another folder for one of them'
      : 'let this user write there, or set TAILRACE_DATA_DIR to another folder'
    throw new ConfigError([`nothing can be kept in ${folder} (${why}): ${advice}`], { cause })
  }
}

/** Signs the heads of the chains; the public half lies beside it for the verifier. */
function auditKey(folder: string): KeyObject {
  const file = join(folder, 'key.pem')
  if (!existsSync(file)) {
    const { privateKey } = generateKeyPairSync('ed25519')
    // Linked into place whole: a crash leaves a key or none.
    writeFileSync(`${file}.new`, privateKey.export({ format: 'pem', type: 'pkcs8' }), {
      mode: 0o600,
      flush: true,
    })
    linkSync(`${file}.new`, file)
    rmSync(`${file}.new`)
  }
  const key = createPrivateKey(readFileSync(file))
  const publicPem = createPublicKey(key).export({ format: 'pem', type: 'spki' })
  writeFileSync(join(folder, 'key.pub.pem'), publicPem, { mode: 0o644 })
  return key
}
