import { setTimeout as sleep } from 'node:timers/promises'
import { type ClientContext, createClientContext } from '#load/client-connection.ts'
import { answerChecks } from './answer-checks.ts'
import type { ConformanceCommand } from './arguments.ts'
import { authChecks } from './auth-checks.ts'
import { Caller } from './caller.ts'
import type { Check, Protocol } from './check.ts'
import { corsChecks } from './cors-checks.ts'
import { counterOffers } from './counter-offers.ts'
import { endChecks } from './end-checks.ts'
import { endpointChecks } from './endpoint-checks.ts'
import { linkChecks } from './link-checks.ts'
import { LivePublisher } from './live-publisher.ts'
import { restartChecks } from './restart-checks.ts'
import { type Row, runChecks } from './runner.ts'
import { checksOf } from './shared.ts'
import { Trial } from './trial.ts'
import { trickleChecks } from './trickle-checks.ts'
import { whepEvents } from './whep-events.ts'
import { whepLayers } from './whep-layers.ts'
import { idleChecks, whepOffers } from './whep-offers.ts'
import { whipOffers } from './whip-offers.ts'

// Redirects last: that chapter tells of all that was sent before.
const shared = [
  ...endpointChecks,
  ...corsChecks,
  ...authChecks,
  ...answerChecks,
  ...trickleChecks,
  ...restartChecks,
  ...endChecks,
]

const checks: Readonly<Record<Protocol, readonly Check[]>> = {
  WHIP: [...checksOf('WHIP', shared), ...whipOffers, ...checksOf('WHIP', linkChecks)],
  WHEP: [
    ...checksOf('WHEP', shared),
    ...whepOffers,
    ...counterOffers,
    ...whepEvents,
    ...whepLayers,
    ...checksOf('WHEP', linkChecks),
  ],
}

type Say = (line: string) => void

/**
 * Tries WHEP without a publisher, WHIP, then WHEP with one.
 * @returns rows by protocol and number of the clause
 */
export async function tryServer(
  command: ConformanceCommand,
  say: Say,
  signal: AbortSignal,
): Promise<Row[]> {
  const context = createClientContext(command)
  const run = new Run(command, context, say, signal)
  try {
    const rows = [...(await run.idle()), ...(await run.whip()), ...(await run.whep())]
    return rows.toSorted((one, other) => placeOf(one) - placeOf(other))
  } finally {
    context.http.close()
  }
}

function placeOf({ clause }: Row): number {
  const [protocol, number] = clause.split('-')
  return (protocol === 'WHIP' ? 0 : 1000) + Number(number)
}

class Run {
  readonly #command: ConformanceCommand
  readonly #context: ClientContext
  readonly #caller: Caller
  readonly #say: Say
  readonly #signal: AbortSignal

  constructor(command: ConformanceCommand, context: ClientContext, say: Say, signal: AbortSignal) {
    this.#command = command
    this.#context = context
    this.#caller = new Caller(context.http, command)
    this.#say = say
    this.#signal = signal
  }

  idle(): Promise<Row[]> {
    return this.#try('WHEP', this.#command.whep, idleChecks)
  }

  whip(): Promise<Row[]> {
    return this.#try('WHIP', this.#command.whip, checks.WHIP)
  }

  async whep(): Promise<Row[]> {
    const { whip, whep, publishToken } = this.#command
    if (whep === undefined) return []
    if (whip === undefined || this.#caller.gaveUp) return this.#try('WHEP', whep, checks.WHEP)
    const options = { url: whip, token: publishToken, signal: this.#signal }
    const publisher = await LivePublisher.start(this.#context, options)
    try {
      if (!(await publisher.started())) this.#say(`cannot publish to ${whip}`)
      await this.#untilLive(whep)
      return await this.#try('WHEP', whep, checks.WHEP)
    } finally {
      await publisher.stop()
    }
  }

  /** A server may need a moment, and some until the next keyframe, to have the stream. */
  async #untilLive(whep: string): Promise<void> {
    const trial = this.#trial('WHEP', whep)
    for (let tries = 0; tries < 10; tries++) {
      const { status } = await trial.try().catch(() => ({ status: 0 }))
      if (status === 201) return
      await sleep(500, undefined, { signal: this.#signal })
    }
    this.#say(`${whep} does not have the stream`)
  }

  async #try(
    protocol: Protocol,
    url: string | undefined,
    wanted: readonly Check[],
  ): Promise<Row[]> {
    if (url === undefined) return []
    this.#say(`${protocol}: ${wanted.length} checks of ${url}`)
    const trial = this.#trial(protocol, url)
    try {
      return await runChecks(trial, wanted, this.#signal)
    } finally {
      await trial.close()
    }
  }

  #trial(protocol: Protocol, url: string): Trial {
    const { publishToken, playToken } = this.#command
    const [token, otherToken] =
      protocol === 'WHIP' ? [publishToken, playToken] : [playToken, publishToken]
    return new Trial({
      protocol,
      url,
      token,
      otherToken: otherToken === token ? undefined : otherToken,
      caller: this.#caller,
      context: this.#context,
    })
  }
}
