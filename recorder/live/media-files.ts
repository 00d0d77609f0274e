import { writeInitSegment } from '#recorder/cmaf/init-segment.ts'
import type { TrackConfig } from '#recorder/cmaf/track-config.ts'
import type { SpoolFolder } from '#recorder/spool/spool-folder.ts'

/** Newest segments of a recording that are kept in memory, of all its tracks together. */
const segmentsInMemory = 16
/** Their bytes at most. */
const mostBytes = 64 * 1024 * 1024

interface HeldSegment {
  readonly parts: { readonly name: string; readonly bytes: Buffer }[]
  bytes: number
}

export interface MediaFilesOptions {
  readonly spool: Pick<SpoolFolder, 'append' | 'seal' | 'write' | 'read' | 'remove'>
  /** In the spool, before every name. */
  readonly folder: string
}

/**
 * The files of one recording, by the names that its playlists give them: what is new from memory, so
 * that nobody waits for a disk, and what is old from the spool.
 */
export class MediaFiles {
  readonly #options: MediaFilesOptions
  readonly #inits = new Map<string, Promise<Buffer>>()
  /** By segment, oldest first. */
  readonly #held = new Map<string, HeldSegment>()
  readonly #segmentOfPart = new Map<string, string>()
  #bytes = 0

  constructor(options: MediaFilesOptions) {
    this.#options = options
  }

  putInit(name: string, config: TrackConfig): void {
    const made = writeInitSegment(config)
    this.#inits.set(name, made)
    void made.then((bytes) => this.#options.spool.write(this.#path(name), bytes))
  }

  putPart(name: string, segment: string, bytes: Buffer): void {
    const held = this.#held.get(segment) ?? { parts: [], bytes: 0 }
    this.#held.set(segment, held)
    held.parts.push({ name, bytes })
    held.bytes += bytes.length
    this.#bytes += bytes.length
    this.#segmentOfPart.set(name, segment)
    this.#options.spool.append(this.#path(segment), bytes)
    this.#trim()
  }

  /** The segment is whole. */
  seal(segment: string): void {
    void this.#options.spool.seal(this.#path(segment))
  }

  /** Nobody asks for that segment any more. */
  forget(segment: string): void {
    this.#drop(segment)
    void this.#options.spool.remove(this.#path(segment)).catch(() => {})
  }

  /** @returns an init segment, a segment or a part; undefined for what there is not, or no more */
  async read(name: string): Promise<Buffer | undefined> {
    const init = this.#inits.get(name)
    if (init !== undefined) return await init
    const segment = this.#segmentOfPart.get(name)
    if (segment !== undefined) {
      return this.#held.get(segment)?.parts.find((part) => part.name === name)?.bytes
    }
    const held = this.#held.get(name)
    if (held) return Buffer.concat(held.parts.map(({ bytes }) => bytes))
    return await this.#options.spool.read(this.#path(name))
  }

  /** Nothing is asked for any more. */
  async remove(): Promise<void> {
    this.#held.clear()
    this.#segmentOfPart.clear()
    await this.#options.spool.remove(this.#options.folder)
  }

  // The oldest first; never the one that is being made.
  #trim(): void {
    for (const segment of this.#held.keys()) {
      const isMuch = this.#held.size > segmentsInMemory || this.#bytes > mostBytes
      if (!isMuch || this.#held.size <= 2) return
      this.#drop(segment)
    }
  }

  #drop(segment: string): void {
    const held = this.#held.get(segment)
    if (!held) return
    this.#held.delete(segment)
    this.#bytes -= held.bytes
    for (const { name } of held.parts) this.#segmentOfPart.delete(name)
  }

  #path(name: string): string {
    return `${this.#options.folder}/${name}`
  }
}
