// npm run restore -- <file>: puts what a backup has into the store of the settings. Nothing that is
// there is taken away or weakened; a second time changes nothing.
import { readFileSync, statSync } from 'node:fs'
import { readBackup, toRestore } from '#control/store-backup.ts'
import { storeOfProcess } from '#server/store-of-process.ts'

/** Of a backup, in bytes: 100,000 revocations have at most some 80 MB. */
const largestBackup = 256 * 1024 * 1024
/** Put at a time. */
const batchSize = 64

try {
  const [file, ...rest] = process.argv.slice(2)
  if (file === undefined || rest.length > 0) throw new Error('npm run restore -- <file>')
  if (statSync(file).size > largestBackup) throw new Error('this is too large for a backup')
  // Read as a whole first: a damaged one changes nothing.
  const backup = readBackup(readFileSync(file, 'utf8'))
  const store = await storeOfProcess('write')
  try {
    const missing = toRestore(store.revocations(), backup)
    for (let start = 0; start < missing.length; start += batchSize) {
      const batch = missing.slice(start, start + batchSize)
      await Promise.all(batch.map((one) => store.putRevocation(one)))
    }
    process.stdout.write(`${file}: ${backup.length} revocations, ${missing.length} of them new\n`)
  } finally {
    await store.close()
  }
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`)
  process.exitCode = 1
}
