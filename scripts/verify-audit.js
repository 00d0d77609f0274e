// npm run verify-audit -- <folder> [--key public.pem] [--anchor head.json]…
// Checks the audit log of a data folder; exit code 1 at the first record that is not as it was.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { verifyAudit } from '#control/audit/verify-audit.ts'

const usage = 'npm run verify-audit -- <data folder> [--key public.pem] [--anchor head.json]…\n'

try {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { key: { type: 'string' }, anchor: { type: 'string', multiple: true, default: [] } },
  })
  const [given, ...rest] = positionals
  if (given === undefined || rest.length > 0) throw new Error(usage)
  const inside = join(given, 'audit')
  const reports = await verifyAudit({
    folder: existsSync(inside) ? inside : given,
    publicKey: values.key && readFileSync(values.key, 'utf8'),
    anchors: values.anchor.map((file) => readFileSync(file, 'utf8')),
  })
  for (const { tenant, records, fault } of reports) {
    process.stdout.write(`${tenant}: ${fault ?? `OK, ${records} records`}\n`)
  }
  process.exitCode = reports.some(({ fault }) => fault !== undefined) ? 1 : 0
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`)
  process.exitCode = 1
}
