import type { Program } from './plan.ts'
import { RunningProgram, type Say } from './running-program.ts'

export interface RunOptions {
  readonly say: Say
  /** How long a program may take to be ready, in ms. */
  readonly readyWithin: number
  /** Aborted where nobody wants it any more while it starts. */
  readonly signal: AbortSignal
}

/** Programs that run together: started stage by stage, and ended the other way round. */
export class RunningCluster {
  /** In the order of the plan. */
  readonly programs: readonly RunningProgram[]
  readonly #say: Say
  #stopping = false

  private constructor(programs: readonly RunningProgram[], say: Say) {
    this.programs = programs
    this.#say = say
    for (const one of programs) void this.#watch(one)
  }

  /**
   * Resolves when every program is ready.
   *
   * @throws Error that names the program which is not; those that were started are ended
   */
  static async start(programs: readonly Program[], options: RunOptions): Promise<RunningCluster> {
    const started: RunningProgram[] = []
    // We may be ended in a way that leaves no time to end them.
    const last = () => killAll(started)
    process.once('exit', last)
    try {
      for (const stage of stagesOf(programs)) {
        options.signal.throwIfAborted()
        const signal = AbortSignal.any([options.signal, AbortSignal.timeout(options.readyWithin)])
        const together = stage.map((program) => new RunningProgram(program, options.say))
        started.push(...together)
        await Promise.all(together.map((one) => one.ready(signal)))
      }
      return new RunningCluster(started, options.say)
    } catch (error) {
      killAll(started)
      await Promise.all(started.map(({ ended }) => ended))
      throw error
    }
  }

  /** Settles when none of them runs any more. */
  async ended(): Promise<void> {
    await Promise.all(this.programs.map(({ ended }) => ended))
  }

  /**
   * Ends the last stage by SIGTERM, then the one before it, and so on; kills what is left
   * `deadline` ms from now.
   *
   * @returns names of the programs that had to be killed
   */
  async stop(deadline: number): Promise<string[]> {
    this.#stopping = true
    const killed: string[] = []
    const timer = setTimeout(() => {
      killed.push(...this.#running().map(({ program }) => program.name))
      killAll(this.programs)
    }, deadline)
    for (const stage of stagesOf(this.programs.map(({ program }) => program)).toReversed()) {
      const together = this.programs.filter(({ program }) => stage.includes(program))
      for (const one of together) one.signal('SIGTERM')
      await Promise.all(together.map(({ ended }) => ended))
    }
    clearTimeout(timer)
    return killed
  }

  /** Ends all of them at once. */
  kill(): void {
    killAll(this.programs)
  }

  #running(): RunningProgram[] {
    return this.programs.filter(({ hasEnded }) => !hasEnded)
  }

  // One that is lost is what a cluster is tried with: the rest goes on.
  async #watch(one: RunningProgram): Promise<void> {
    await one.ended
    if (!this.#stopping) this.#say(one.program.name, `${one.ending}; the rest goes on`)
  }
}

function killAll(programs: readonly RunningProgram[]): void {
  for (const one of programs) one.signal('SIGKILL')
}

function stagesOf(programs: readonly Program[]): Program[][] {
  const stages = Map.groupBy(programs, ({ stage }) => stage)
  return [...stages].toSorted(([a], [b]) => a - b).map(([, together]) => together)
}
