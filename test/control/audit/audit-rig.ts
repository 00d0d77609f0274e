import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AuditLog } from '#control/audit/audit-log.ts'
import { type ChainReport, verifyAudit } from '#control/audit/verify-audit.ts'

interface RigOptions {
  readonly rotateAt?: number
  readonly capacity?: number
  readonly chains?: number
  readonly known?: readonly string[]
}

/** An audit log on the disk, and hands that may reach into it. */
export class AuditRig {
  readonly folder = mkdtempSync(join(tmpdir(), 'tailrace-audit-'))
  readonly failures: string[] = []
  readonly #key = generateKeyPairSync('ed25519').privateKey

  constructor() {
    const pem = createPublicKey(this.#key).export({ format: 'pem', type: 'spki' })
    writeFileSync(join(this.folder, 'key.pub.pem'), pem)
  }

  /** As a node does at its start. */
  open(options: RigOptions = {}): AuditLog {
    return new AuditLog({
      folder: this.folder,
      key: this.#key,
      clock: { now: () => 0, wall: () => 1_800_000_000_000 },
      failed: (why, chain) => this.failures.push(`${chain}: ${why}`),
      ...options,
    })
  }

  /** A chain of so many records, closed. */
  async fill(count: number, options: RigOptions = {}): Promise<void> {
    const log = this.open(options)
    for (let i = 0; i < count; i++) await log.append(event(i))
    await log.close()
  }

  files(tenant = 'acme'): string[] {
    return readdirSync(join(this.folder, tenant)).sort()
  }

  read(name = '000000000001.jsonl', tenant = 'acme'): string {
    return readFileSync(join(this.folder, tenant, name), 'utf8')
  }

  write(text: string, name = '000000000001.jsonl'): void {
    mkdirSync(join(this.folder, 'acme'), { recursive: true })
    writeFileSync(join(this.folder, 'acme', name), text)
  }

  async verify(anchors: readonly string[] = []): Promise<ChainReport[]> {
    return await verifyAudit({ folder: this.folder, anchors })
  }

  remove(): void {
    rmSync(this.folder, { recursive: true })
  }
}

export function event(number: number, tenant = 'acme') {
  return { tenant, actor: 'u1', event: 'session.create', target: `s-${number}` }
}

/** The numbers of the events in a file, in their order. */
export function numbersIn(text: string): number[] {
  return [...text.matchAll(/"target":"s-(\d+)"/g)].map(([, number]) => Number(number))
}
