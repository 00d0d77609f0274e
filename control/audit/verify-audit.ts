import { createPublicKey, type KeyObject } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { chainFilePattern } from './chain-file.ts'
import { ChainVerifier } from './chain-verifier.ts'
import { type Head, readHead } from './head.ts'

/** What became of one chain. */
export interface ChainReport {
  readonly tenant: string
  /** Records that are as they were written. */
  readonly records: number
  /** Where the first fault is, and what; absent: none. */
  readonly fault?: string
}

export interface VerifyOptions {
  /** Where a node keeps its chains: `audit` in the data folder. */
  readonly folder: string
  /** PEM, kept elsewhere; absent: the one beside the chains, which proves less. */
  readonly publicKey?: string | undefined
  /** Texts of heads that were copied elsewhere. */
  readonly anchors?: readonly string[]
}

/**
 * Checks every chain of an audit log (SEC-71).
 *
 * @returns rejects when there is no such folder or key
 */
export async function verifyAudit(options: VerifyOptions): Promise<ChainReport[]> {
  const { folder, anchors = [] } = options
  const pem = options.publicKey ?? (await readFile(join(folder, 'key.pub.pem'), 'utf8'))
  const key = createPublicKey(pem)
  const copies = anchors.map((text) => readHead(text, key))
  if (copies.includes(undefined)) throw new Error('an anchor is no head signed with this key')
  const heads = copies.filter((head) => head !== undefined)
  const entries = await readdir(folder, { withFileTypes: true })
  const here = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name)
  // A chain of which nothing is left is still known by its anchors.
  const tenants = [...new Set([...here, ...heads.map(({ tenant }) => tenant)])].sort()
  const reports: ChainReport[] = []
  for (const tenant of tenants) {
    const anchored = heads.filter((head) => head.tenant === tenant)
    reports.push(await verifyChain(join(folder, tenant), { tenant, key, anchored }))
  }
  return reports
}

interface ChainContext {
  readonly tenant: string
  readonly key: KeyObject
  readonly anchored: readonly Head[]
}

async function verifyChain(
  folder: string,
  { tenant, key, anchored }: ChainContext,
): Promise<ChainReport> {
  const names = (await readdir(folder).catch(() => [])).sort()
  const heads = [...anchored]
  const faults: string[] = []
  for (const name of names.filter((one) => /^head.*\.json$/.test(one))) {
    const head = readHead(await readFile(join(folder, name), 'utf8'), key)
    if (head?.tenant === tenant) heads.push(head)
    else faults.push(`${name}: it is not signed with the key`)
  }
  if (!names.includes('head.json')) faults.push('head.json: it is missing')
  const verifier = new ChainVerifier(tenant, heads)
  const fault = (await faultOfFiles(folder, names, verifier)) ?? verifier.finish() ?? faults[0]
  const records = verifier.end.seq
  return { tenant, records, ...(fault !== undefined && { fault }) }
}

async function faultOfFiles(
  folder: string,
  names: readonly string[],
  verifier: ChainVerifier,
): Promise<string | undefined> {
  const files = names.filter((name) => chainFilePattern.test(name))
  for (const name of files) {
    const lines = (await readFile(join(folder, name), 'utf8')).split('\n')
    // What no line feed follows was not acknowledged: the node is about to write, or crashed.
    if (lines.pop() !== '' && name !== files.at(-1)) return `${name}: its last line is torn`
    for (const [index, line] of lines.entries()) {
      const fault = verifier.take(line)
      if (fault !== undefined) return `${name} line ${index + 1}: ${fault}`
    }
  }
  return undefined
}
