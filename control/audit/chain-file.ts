import { createPublicKey, type KeyObject } from 'node:crypto'
import {
  type FileHandle,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  writeFile,
} from 'node:fs/promises'
import { join } from 'node:path'
import { readHead, signHead } from './head.ts'
import {
  type AuditEvent,
  type ChainEnd,
  chainStart,
  hashOf,
  nextRecord,
  readRecord,
} from './record.ts'

export interface ChainOptions {
  /** Holds a folder per chain. */
  readonly folder: string
  readonly tenant: string
  /** Ed25519, private. */
  readonly key: KeyObject
  /** Bytes after which the next file begins. */
  readonly rotateAt: number
}

/** What was wrong with a chain when it was opened; it goes on all the same. */
export interface Damage {
  /** Bytes of a last line that was not written to its end: they are put aside. */
  readonly torn?: number
  /** The signed head says that there was more, or something else. */
  readonly cut?: { readonly head: number; readonly found: number }
}

/** Files of a chain, in their order: each is named after its first record. */
export const chainFilePattern = /^\d{12}\.jsonl$/

/** One tenant's chain on the disk: `{folder}/{tenant}/{first record}.jsonl` and `head.json`. */
export class ChainFile {
  readonly #options: ChainOptions
  readonly damage: Damage
  #file: FileHandle
  #size: number
  #end: ChainEnd
  #headSeq: number

  private constructor(options: ChainOptions, found: Found & { file: FileHandle; headSeq: number }) {
    this.#options = options
    this.damage = found.damage
    this.#file = found.file
    this.#size = found.size
    this.#end = found.end
    this.#headSeq = found.headSeq
  }

  /** @returns rejects when the disk does */
  static async open(options: ChainOptions): Promise<ChainFile> {
    const folder = join(options.folder, options.tenant)
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const found = await findEnd(folder)
    const head = await checkHead(folder, options, found.end)
    const file = await open(join(folder, found.name), 'a', 0o600)
    if (found.isNew) await syncFolder(folder)
    const damage = { ...found.damage, ...head.damage }
    return new ChainFile(options, { ...found, damage, file, headSeq: head.seq })
  }

  /** Whether records were written that the signed head does not have. */
  get headIsBehind(): boolean {
    return this.#headSeq < this.#end.seq
  }

  /** Done when they are on the disk. @returns rejects when the disk does: open it anew then */
  async append(events: readonly AuditEvent[], wall: number): Promise<void> {
    if (this.#size >= this.#options.rotateAt) await this.#rotate(wall)
    const lines: string[] = []
    let end = this.#end
    for (const event of events) {
      const next = nextRecord(event, end, wall)
      lines.push(`${next.line}\n`)
      end = next.end
    }
    const bytes = Buffer.from(lines.join(''))
    await this.#file.appendFile(bytes)
    await this.#file.datasync()
    this.#size += bytes.length
    this.#end = end
    // From the first record on there is a head: a missing one is a sign by itself.
    if (this.#headSeq === 0) await this.writeHead(wall)
  }

  /** Signs how far the chain has come. @returns rejects when the disk does */
  async writeHead(wall: number): Promise<void> {
    const { folder, tenant, key } = this.#options
    if (!this.headIsBehind) return
    const end = this.#end
    const path = join(folder, tenant, 'head.json')
    await writeDurably(`${path}.new`, `${JSON.stringify(signHead(tenant, end, wall, key))}\n`)
    await rename(`${path}.new`, path)
    this.#headSeq = end.seq
  }

  async close(): Promise<void> {
    await this.#file.close()
  }

  async #rotate(wall: number): Promise<void> {
    const folder = join(this.#options.folder, this.#options.tenant)
    await this.writeHead(wall)
    const next = await open(join(folder, nameOf(this.#end.seq + 1)), 'a', 0o600)
    await syncFolder(folder)
    await this.#file.close()
    this.#file = next
    this.#size = 0
  }
}

interface Found {
  readonly name: string
  readonly isNew: boolean
  readonly size: number
  readonly end: ChainEnd
  readonly damage: Damage
}

/** Where the chain goes on. A torn last line is put aside, beside its file. */
async function findEnd(folder: string): Promise<Found> {
  const names = (await readdir(folder)).filter((name) => chainFilePattern.test(name)).sort()
  const last = names.at(-1)
  if (last === undefined) {
    return { name: nameOf(1), isNew: true, size: 0, end: chainStart, damage: {} }
  }
  const { size, torn, end } = await readEnd(folder, last)
  // A crash right after a rotation leaves a file without a record.
  const before = names.at(-2)
  const found = end ?? (before === undefined ? undefined : (await readEnd(folder, before)).end)
  const damage = torn > 0 ? { torn } : {}
  return { name: last, isNew: false, size, end: found ?? chainStart, damage }
}

async function readEnd(folder: string, name: string) {
  const path = join(folder, name)
  const bytes = await readFile(path)
  let size = bytes.lastIndexOf('\n') + 1
  const lastLine = (until: number) =>
    bytes.toString(
      'utf8',
      bytes.subarray(0, Math.max(0, until - 1)).lastIndexOf('\n') + 1,
      until - 1,
    )
  // A disk that lost its power may have the line's end without its middle.
  if (size > 0 && !readRecord(lastLine(size))) {
    size = bytes.subarray(0, size - 1).lastIndexOf('\n') + 1
  }
  const torn = bytes.length - size
  if (torn > 0) {
    await writeDurably(`${path}.torn-${size}`, bytes.subarray(size))
    const file = await open(path, 'r+')
    await file.truncate(size)
    await file.datasync()
    await file.close()
  }
  const record = size > 0 ? readRecord(lastLine(size)) : undefined
  return { size, torn, end: record && { seq: record.seq, hash: hashOf(lastLine(size)) } }
}

// A head that the chain does not reach stays beside it, for the verifier: a new one in its place
// would hide that something is missing.
async function checkHead(folder: string, { key }: ChainOptions, end: ChainEnd) {
  const path = join(folder, 'head.json')
  const text = await readFile(path, 'utf8').catch(() => undefined)
  if (text === undefined) {
    return { seq: 0, damage: end.seq > 0 ? { cut: { head: 0, found: end.seq } } : {} }
  }
  const head = readHead(text, createPublicKey(key))
  const agrees = head && (head.seq < end.seq || (head.seq === end.seq && head.hash === end.hash))
  if (agrees) return { seq: head.seq, damage: {} }
  await rename(path, join(folder, `head-${head?.seq ?? 0}-${end.seq}.json`))
  return { seq: 0, damage: { cut: { head: head?.seq ?? 0, found: end.seq } } }
}

async function writeDurably(path: string, content: string | Buffer): Promise<void> {
  await writeFile(path, content, { mode: 0o600, flush: true })
}

// A file is there after a crash only when its name is too.
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  await handle.sync()
  await handle.close()
}

function nameOf(seq: number): string {
  return `${String(seq).padStart(12, '0')}.jsonl`
}
