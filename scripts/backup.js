// npm run backup -- <file>: writes what the store has into a file, also while the node runs. The
// store is the one of the settings: TAILRACE_STORE_URL, else TAILRACE_DATA_DIR.
import { closeSync, fsyncSync, openSync, renameSync, writeSync } from 'node:fs'
import { backupOf } from '#control/store-backup.ts'
import { storeOfProcess } from '#server/store-of-process.ts'

try {
  const [file, ...rest] = process.argv.slice(2)
  if (file === undefined || rest.length > 0) throw new Error('npm run backup -- <file>')
  const store = await storeOfProcess('read')
  const revocations = store.revocations()
  await store.close()
  // Whole or not at all: a backup that was there stays until then.
  const fd = openSync(`${file}.new`, 'w', 0o600)
  writeSync(fd, backupOf(revocations))
  fsyncSync(fd)
  closeSync(fd)
  renameSync(`${file}.new`, file)
  process.stdout.write(`${file}: ${revocations.length} revocations\n`)
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`)
  process.exitCode = 1
}
