import { writeInitSegment } from '#recorder/cmaf/init-segment.ts'
import type { TrackConfig } from '#recorder/cmaf/track-config.ts'
import type { SpoolFolder } from '#recorder/spool/spool-folder.ts'

/** Segments whose parts are known by name: players may still ask for those of the last minute. */
const segmentsKnown = 32
/** Newest segments that are kept in memory, of all tracks together: the rest is on the disk. */
const segmentsInMemory = 4

interface KnownSegment {
  readonly parts: { readonly name: string; readonly start: number; readonly end: number }[]
  /** Bytes of its parts in their order; none once it is read from the disk. */
  pieces: Buffer[]
  length: number
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
  /** Oldest first. */
  readonly #known = new Map<string, KnownSegment>()
  readonly #segmentOfPart = new Map<string, string>()

  constructor(options: MediaFilesOptions) {
    this.#options = options
  }

  putInit(name: string, config: TrackConfig): void {
    const made = writeInitSegment(config)
    this.#inits.set(name, made)
    void made.then((bytes) => this.#options.spool.write(this.#path(name), bytes))
  }

  putPart(name: string, segment: string, bytes: Buffer): void {
    const known = this.#known.get(segment) ?? { parts: [], pieces: [], length: 0 }
    this.#known.set(segment, known)
    const start = known.length
    known.length += bytes.length
    known.parts.push({ name, start, end: known.length })
    known.pieces.push(bytes)
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
    const segment = this.#segmentOfPart.get(name) ?? name
    const known = this.#known.get(segment)
    const part = known?.parts.findIndex((one) => one.name === name) ?? -1
    if (known && known.pieces.length > 0) {
      return part < 0 ? Buffer.concat(known.pieces) : known.pieces[part]
    }
    const bytes = await this.#options.spool.read(this.#path(segment))
    return part < 0 ? bytes : bytes?.subarray(known!.parts[part]!.start, known!.parts[part]!.end)
  }

  /** Nothing is asked for any more. */
  async remove(): Promise<void> {
    this.#known.clear()
    this.#segmentOfPart.clear()
    await this.#options.spool.remove(this.#options.folder)
  }

  // The oldest first; never the one that is being made.
  #trim(): void {
    let newer = this.#known.size
    for (const [segment, known] of this.#known) {
      if (newer > segmentsKnown) this.#drop(segment)
      else if (newer > segmentsInMemory) known.pieces = []
      newer--
    }
  }

  #drop(segment: string): void {
    const known = this.#known.get(segment)
    this.#known.delete(segment)
    for (const { name } of known?.parts ?? []) this.#segmentOfPart.delete(name)
  }

  #path(name: string): string {
    return `${this.#options.folder}/${name}`
  }
}
