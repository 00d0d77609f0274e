import { Agent, request } from 'node:http'
import { run } from './child.ts'
import { compiled } from './compiled.ts'

/** What `flood.c` sends. */
export type FloodKind =
  | 'stun'
  | 'forged'
  | 'dtls'
  | 'dtls-fragments'
  | 'rtp'
  | 'tcp-close'
  | 'tcp-silent'
  | 'tcp-garbage'

export interface FloodOptions {
  readonly kind: FloodKind
  readonly target: { readonly address: string; readonly port: number }
  /** Datagrams or connections a second. */
  readonly rate: number
  readonly seconds: number
  /** Of a session, for `forged`. */
  readonly ufrag?: string | undefined
}

/** What a flood came to. */
export interface FloodResult {
  /** Datagrams, connections or requests. */
  readonly sent: number
  readonly seconds: number
  /** That the flooder itself took, in ms. */
  readonly cpu: number
}

/** A flood from many addresses of this machine, by a process of low priority. */
export async function flood(options: FloodOptions): Promise<FloodResult> {
  const { kind, target, rate, seconds, ufrag } = options
  const words = [kind, target.address, target.port, rate, seconds, ...(ufrag ? [ufrag] : [])]
  const timeoutMs = seconds * 1000 + 30_000
  const said = await run(compiled('flood'), words.map(String), { timeoutMs })
  const [sent = 0, took = 0, cpu = 0] = said.split(' ').map(Number)
  return { sent, seconds: took, cpu }
}

export interface PostOptions {
  readonly url: string
  readonly bodies: readonly string[]
  readonly seconds: number
  /** Loopback address of the sender. */
  readonly from: string
  /** Goes on after that until this status was answered: a busy server takes few a second. */
  readonly until?: number
}

/** Past its time, in ms. */
const longest = 20_000

/** POSTs, 20 at a time. @returns how many were answered, by status */
export async function floodOffers(options: PostOptions): Promise<ReadonlyMap<number, number>> {
  const { url, bodies, seconds, from, until } = options
  const agent = new Agent({ keepAlive: true, localAddress: from })
  const answered = new Map<number, number>()
  const end = performance.now() + seconds * 1000
  let next = 0
  const sender = async () => {
    const isOver = () => performance.now() >= end && (until === undefined || answered.has(until))
    while (!isOver() && performance.now() < end + longest) {
      const status = await post(url, bodies[next++ % bodies.length]!, agent)
      answered.set(status, (answered.get(status) ?? 0) + 1)
    }
  }
  await Promise.all(Array.from({ length: 20 }, sender))
  agent.destroy()
  return answered
}

/** @returns the status; 0 where the connection was ended instead */
async function post(url: string, body: string, agent: Agent): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>()
  const headers = { 'content-type': 'application/sdp', 'content-length': Buffer.byteLength(body) }
  const asked = request(url, { method: 'POST', agent, headers }, (response) => {
    response.resume()
    response.on('close', () => resolve(response.statusCode ?? 0))
  })
  asked.on('error', () => resolve(0))
  asked.end(body)
  return await promise
}
