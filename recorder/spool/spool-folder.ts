import { constants } from 'node:fs'
import { type FileHandle, mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/** A file that is being written has this behind its name: it is not whole. */
export const openSuffix = '.open'

/** Bytes that may wait to be written, over all files: some seconds of a hundred streams. */
const mostWaiting = 256 * 1024 * 1024

export interface SpoolOptions {
  readonly folder: string
  /** Something was not written, and is not there; told once for each file. */
  failed(name: string, error: unknown): void
}

interface OpenFile {
  handle: Promise<FileHandle>
  /** What was asked for last is done. */
  done: Promise<void>
  broken: boolean
}

/**
 * Files on disk that grow at their end and are then sealed. A sealed one is whole, and on the disk
 * itself: it is flushed before it gets its name. Names are paths with `/`, of words of our own.
 */
export class SpoolFolder {
  readonly #options: SpoolOptions
  readonly #open = new Map<string, OpenFile>()
  #waiting = 0

  constructor(options: SpoolOptions) {
    this.#options = options
  }

  /** Bytes that are not written yet. */
  get waiting(): number {
    return this.#waiting
  }

  /** Adds to a file, which begins with it. What does not fit any more breaks the file. */
  append(name: string, bytes: Buffer): void {
    const file = this.#open.get(name) ?? this.#begin(name)
    if (file.broken) return
    if (this.#waiting + bytes.length > mostWaiting) {
      this.#break(name, file, new Error('the disk is too slow: too much waits to be written'))
      return
    }
    this.#waiting += bytes.length
    this.#then(name, file, async () => {
      try {
        await (await file.handle).writeFile(bytes)
      } finally {
        this.#waiting -= bytes.length
      }
    })
  }

  /** Nothing more comes. @returns whether the whole file is on the disk */
  async seal(name: string): Promise<boolean> {
    const file = this.#open.get(name)
    if (!file) return false
    this.#then(name, file, async () => {
      const handle = await file.handle
      await handle.sync()
      await handle.close()
      const path = this.#path(name)
      await rename(path + openSuffix, path)
      await syncFolder(dirname(path))
    })
    await file.done
    this.#open.delete(name)
    return !file.broken
  }

  /** A file of one piece. @returns whether it is on the disk */
  async write(name: string, bytes: Buffer): Promise<boolean> {
    this.append(name, bytes)
    return await this.seal(name)
  }

  /** @returns a sealed file; undefined where there is none */
  async read(name: string): Promise<Buffer | undefined> {
    try {
      return await readFile(this.#path(name))
    } catch {
      return undefined
    }
  }

  async remove(name: string): Promise<void> {
    await rm(this.#path(name), { force: true, recursive: true })
  }

  /** Writes what waits. What was not sealed stays as it is, under the name of an open file. */
  async close(): Promise<void> {
    const files = [...this.#open.values()]
    this.#open.clear()
    await Promise.all(
      files.map(async ({ handle, done }) => {
        await done
        await (await handle).close()
      }),
    ).catch(() => {})
  }

  #begin(name: string): OpenFile {
    const file: OpenFile = { handle: this.#create(name), done: Promise.resolve(), broken: false }
    // Told of by the first write.
    file.handle.catch(() => {})
    this.#open.set(name, file)
    return file
  }

  async #create(name: string): Promise<FileHandle> {
    const path = this.#path(name) + openSuffix
    await mkdir(dirname(path), { recursive: true })
    return await open(path, 'w')
  }

  #then(name: string, file: OpenFile, step: () => Promise<void>): void {
    file.done = file.done.then(step).catch((error: unknown) => this.#break(name, file, error))
  }

  #break(name: string, file: OpenFile, error: unknown): void {
    if (file.broken) return
    file.broken = true
    void file.handle.then((handle) => handle.close()).catch(() => {})
    this.#options.failed(name, error)
  }

  #path(name: string): string {
    return join(this.#options.folder, ...name.split('/'))
  }
}

/** So that the name is on the disk as well. */
async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, constants.O_RDONLY)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
