import { chmodSync, closeSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Revocation, RevokedThing, Store, StoreListener } from './store.ts'

/** What the node before us may take to close, in ms. */
const busyTimeout = 5000
/** Of the tables below; a file of a later version is left alone. */
const version = 1

// A tenant that is not said is '', which is no name: NULLs are never equal to one another.
const tables = `
  CREATE TABLE IF NOT EXISTS revocations (
    kind TEXT NOT NULL,
    value TEXT NOT NULL,
    tenant TEXT NOT NULL,
    at INTEGER NOT NULL,
    until INTEGER,
    reason TEXT,
    PRIMARY KEY (kind, value, tenant)
  ) STRICT;
  PRAGMA user_version = ${version};
`

/** The store of a single node: one file, readable by its owner only. */
export class SqliteStore implements Store {
  readonly #database: DatabaseSync
  readonly #lock: DatabaseSync | undefined
  #listener: StoreListener | undefined

  /**
   * @param shared to read beside the node that has it open; else this is the only one until `close`
   * @throws Error when the file cannot be used, is used by another node, or is of a later version
   */
  constructor(file: string, { shared = false }: { readonly shared?: boolean } = {}) {
    mkdirSync(dirname(file), { recursive: true })
    this.#lock = shared ? undefined : lockOf(`${file}.lock`)
    this.#database = openOwn(file)
    try {
      this.#prepare(file)
    } catch (error) {
      this.close()
      throw error
    }
  }

  revocations(): Revocation[] {
    const rows = this.#database.prepare('SELECT * FROM revocations ORDER BY at').all()
    return rows.map((row) => ({
      kind: row.kind as Revocation['kind'],
      value: String(row.value),
      at: Number(row.at),
      ...(row.tenant !== '' && { tenant: String(row.tenant) }),
      ...(row.until !== null && { until: Number(row.until) }),
      ...(row.reason !== null && { reason: String(row.reason) }),
    }))
  }

  listen(listener: StoreListener): void {
    this.#listener = listener
  }

  async putRevocation(revocation: Revocation): Promise<void> {
    const { kind, value, tenant, at, until, reason } = revocation
    this.#database
      .prepare('INSERT OR REPLACE INTO revocations VALUES (?, ?, ?, ?, ?, ?)')
      .run(kind, value, tenant ?? '', at, until ?? null, reason ?? null)
    this.#listener?.([{ kind: 'revoked', revocation }])
  }

  async deleteRevocation(thing: RevokedThing): Promise<void> {
    const { kind, value, tenant } = thing
    this.#database
      .prepare('DELETE FROM revocations WHERE kind = ? AND value = ? AND tenant = ?')
      .run(kind, value, tenant ?? '')
    this.#listener?.([{ kind: 'taken-back', thing }])
  }

  close(): void {
    this.#database.close()
    this.#lock?.close()
  }

  #prepare(file: string): void {
    const found = this.#database.prepare('PRAGMA user_version').get()?.user_version
    if (Number(found) > version) {
      throw new Error(`${file} was written by a later version of this program`)
    }
    // A revocation that was acknowledged is on the disk.
    this.#database.exec(`
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
      ${tables}
    `)
  }
}

function openOwn(file: string): DatabaseSync {
  // SQLite gives its journal the mode of the file, so the file must be there first.
  closeSync(openSync(file, 'a', 0o600))
  chmodSync(file, 0o600)
  return new DatabaseSync(file, { timeout: busyTimeout })
}

// Ends with the process, however that ends, and is for the whole folder: two writers of one audit
// log would fork it. A file of its own, so that a backup can read the store of a running node.
function lockOf(file: string): DatabaseSync {
  const lock = openOwn(file)
  try {
    lock.exec('BEGIN EXCLUSIVE')
    return lock
  } catch (error) {
    lock.close()
    throw error
  }
}
