import { spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, resolve } from 'node:path'
import type { SrtpMasterKey } from '#native/srtp-keys.ts'
import { deriveBytes } from '#native/twin/srtp-key-derivation.ts'
import type { Arrival } from './arrivals.ts'

interface ReferenceBinding {
  openSink(): number
  fanOut(viewers: number, port: number, arrivals: Float64Array, realTime: boolean): number
  openReceiver(key: Buffer, salt: Buffer): number
  receive(packets: number): number
}

/** What `scripts/addon.js` compiles the addon with. */
interface AddonBuild {
  readonly flags: readonly string[]
  readonly headers: readonly string[]
  findCompiler(): string | undefined
}

const files = ['reference-binding.cc', 'fan-out-loop.cc', 'receive-loop.cc']
const sources = resolve(import.meta.dirname, 'native')
const target = resolve(import.meta.dirname, '../native/addon/build/reference.node')

/**
 * The bare protect-and-send loop in C++ (`bench/native`), and a port whose datagrams the kernel
 * drops. It is compiled for each run, with the addon's own flags.
 */
export class Reference {
  /** Of the sink, on every address of loopback. */
  readonly port: number
  readonly #binding: ReferenceBinding

  private constructor(binding: ReferenceBinding) {
    this.#binding = binding
    this.port = binding.openSink()
    if (this.port === 0) throw new Error('the kernel grants no filtered socket')
  }

  static async load(): Promise<Reference> {
    const script = new URL('../scripts/addon.js', import.meta.url).href
    const { flags, headers, findCompiler } = (await import(script)) as AddonBuild
    const compiler = findCompiler()
    if (!compiler) throw new Error('no C++ compiler: the reference cannot be built')
    mkdirSync(dirname(target), { recursive: true })
    const { status } = spawnSync(
      compiler,
      [...flags, ...headers, '-I', sources, '-o', target, '-x', 'c++', '-'],
      {
        input: files.map((name) => `#include "${name}"\n`).join(''),
        stdio: ['pipe', 'inherit', 'inherit'],
      },
    )
    if (status !== 0) throw new Error(`${compiler} could not compile bench/native`)
    return new Reference(createRequire(import.meta.url)(target) as ReferenceBinding)
  }

  /** Blocks until all is sent. @returns datagrams */
  fanOut(viewers: number, arrivals: readonly Arrival[], realTime: boolean): number {
    const numbers = arrivals.flatMap(({ at, packets, payload }) => [at, packets, payload])
    const sent = this.#binding.fanOut(viewers, this.port, Float64Array.from(numbers), realTime)
    if (sent === 0) throw new Error('the reference could not send')
    return sent
  }

  /** @returns the port that packets protected by this key are taken on */
  openReceiver(master: SrtpMasterKey): number {
    const [cipherLabel, saltLabel] = [0, 2]
    return this.#binding.openReceiver(
      deriveBytes(master, cipherLabel, 16),
      deriveBytes(master, saltLabel, 12),
    )
  }

  /** Blocks until so many packets have come, or none does any more. @returns how many came */
  receive(packets: number): number {
    return this.#binding.receive(packets)
  }
}
