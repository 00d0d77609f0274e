import { join } from 'node:path'
import { Child } from './child.ts'

export interface ViewersRequest {
  /** The WHEP endpoint. */
  readonly url: string
  readonly visits: number
  readonly atOnce: number
  /** How long a visit waits for its first packet. */
  readonly timeoutMs: number
  /** Leave by DELETE; else by closing only. */
  readonly remove: boolean
  /** Offer a fingerprint that is not that of the certificate. */
  readonly forgeFingerprint?: boolean
}

export interface ViewersResult {
  /** Visits whose DTLS was completed, as libdatachannel sees it. */
  connected: number
  /** Visits that got a packet of media. */
  received: number
  /** Visits whose POST was answered with anything but 201. */
  refused: number
  /** Every state of a connection that was seen. */
  states: string[]
}

const program = join(import.meta.dirname, 'libdatachannel-viewers-process.ts')

/** Lets viewers come and go, and says how they fared. */
export async function visit(request: ViewersRequest): Promise<ViewersResult> {
  const printed = Promise.withResolvers<string>()
  const child = new Child(process.execPath, [program, JSON.stringify(request)], {
    onLine: (line) => printed.resolve(line),
  })
  try {
    const ms = 30_000 + request.visits * 500
    return JSON.parse(await child.expect(printed.promise, ms, 'the viewers to have come and gone'))
  } finally {
    await child.stop('SIGKILL')
  }
}
