import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ViewerReport } from '#load/viewer-report.ts'
import { until } from '#test/native/until.ts'
import { Child } from './child.ts'
import type { NetworkEnd } from './netns.ts'

const program = join(import.meta.dirname, '..', '..', 'load', 'main.ts')

/** A line that the tool wrote for people, and when: ms since the Unix epoch. */
interface SaidLine {
  readonly at: number
  readonly text: string
}

/** The load tool in a process of its own, as an operator starts it. */
export class LoadTool {
  readonly said: SaidLine[] = []
  readonly #child: Child
  readonly #folder = mkdtempSync(join(tmpdir(), 'tailrace-load-'))

  /** @param end the host that it runs on; this one without */
  constructor(args: readonly string[], end?: NetworkEnd) {
    this.#child = new Child(process.execPath, [program, ...args, '--json', this.#json], {
      namespace: end?.namespace,
      onErrorLine: (text) => this.said.push({ at: Date.now(), text }),
    })
  }

  /** Waits for a line, and gives the last such. @throws Error with what it said instead */
  async says(pattern: RegExp, since = 0): Promise<SaidLine> {
    const find = () => this.said.findLast(({ at, text }) => at >= since && pattern.test(text))
    await until(() => find() !== undefined || !this.#child.running)
    const found = find()
    if (!found) throw new Error(`the load tool did not say ${pattern}: ${this.#child.lastWords}`)
    return found
  }

  /** Ends it as Ctrl-C does; what it has measured of viewers. */
  async report(): Promise<ViewerReport> {
    await this.#child.stop('SIGINT', 15_000)
    if (!existsSync(this.#json)) throw new Error(`no report: ${this.#child.lastWords}`)
    return JSON.parse(readFileSync(this.#json, 'utf8'))
  }

  async close(): Promise<void> {
    await this.#child.stop('SIGINT', 15_000).catch(() => undefined)
    rmSync(this.#folder, { recursive: true, force: true })
  }

  get #json(): string {
    return join(this.#folder, 'report.json')
  }
}
