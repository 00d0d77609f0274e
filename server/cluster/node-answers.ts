import type { NodeRecord } from '#control/node-record.ts'

/** In ms: the round trips of a new connection halfway around the globe, for a publisher to wait. */
const patience = 500

/**
 * Whether a node can be reached now, as it says itself: the registry shows one that was killed until
 * its lease ends. `silent` is one that has not answered in time: gone with its machine, cut off, or
 * far away.
 */
export type NodeAnswer = 'answers' | 'silent' | 'gone'

/** What says that nobody listens there. Of any other failure somebody took part: in TLS, for one. */
const nobody = new Set([
  ...['ECONNREFUSED', 'ECONNRESET', 'EHOSTUNREACH', 'ENETUNREACH'],
  ...['ENOTFOUND', 'EAI_AGAIN'],
  // Closed without a word, as by a process that dies at this moment.
  'UND_ERR_SOCKET',
])

/** Asks a node. A process that is gone refuses the connection at once. Never fails. */
export async function nodeAnswers({
  nodeOrigin,
}: Pick<NodeRecord, 'nodeOrigin'>): Promise<NodeAnswer> {
  const signal = AbortSignal.timeout(patience)
  // A connection that was left open from the last time says nothing of whether another is taken.
  const headers = { connection: 'close' }
  try {
    const response = await fetch(`${nodeOrigin}/healthz`, { signal, redirect: 'manual', headers })
    response.body?.cancel().catch(() => {})
    return 'answers'
  } catch (error) {
    if (signal.aborted) return 'silent'
    return nobody.has(causeOf(error)) ? 'gone' : 'answers'
  }
}

/** Of what `fetch` throws: the code of the socket's error. */
function causeOf(error: unknown): string {
  const { cause } = error as { cause?: { code?: unknown } }
  return String(cause?.code)
}
