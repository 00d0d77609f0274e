import { chmodSync, closeSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Revocation, Store } from './store.ts'

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

  /** @throws Error when the file cannot be used, is used by another node, or is of a later version */
  constructor(file: string) {
    mkdirSync(dirname(file), { recursive: true })
    // SQLite gives its journal the mode of the file, so the file must be there first.
    closeSync(openSync(file, 'a', 0o600))
    chmodSync(file, 0o600)
    this.#database = new DatabaseSync(file, { timeout: busyTimeout })
    try {
      this.#prepare(file)
    } catch (error) {
      this.#database.close()
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

  putRevocation({ kind, value, tenant, at, until, reason }: Revocation): void {
    this.#database
      .prepare('INSERT OR REPLACE INTO revocations VALUES (?, ?, ?, ?, ?, ?)')
      .run(kind, value, tenant ?? '', at, until ?? null, reason ?? null)
  }

  deleteRevocation({ kind, value, tenant }: Pick<Revocation, 'kind' | 'value' | 'tenant'>): void {
    this.#database
      .prepare('DELETE FROM revocations WHERE kind = ? AND value = ? AND tenant = ?')
      .run(kind, value, tenant ?? '')
  }

  close(): void {
    this.#database.close()
  }

  #prepare(file: string): void {
    const found = this.#database.prepare('PRAGMA user_version').get()?.user_version
    if (Number(found) > version) {
      throw new Error(`${file} was written by a later version of this program`)
    }
    // A revocation that was acknowledged is on the disk. The lock, which ends with the process, is
    // for the whole folder: two writers of one audit log would fork it.
    this.#database.exec(`
      PRAGMA locking_mode = EXCLUSIVE;
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
      ${tables}
    `)
  }
}
