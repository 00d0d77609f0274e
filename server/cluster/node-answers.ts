import type { NodeRecord } from '#control/node-record.ts'

/** In ms: more than a round trip around the globe, and little for a publisher to wait. */
const patience = 500

/**
 * Whether a node can be reached, as it says itself: the registry shows one that was killed until
 * its lease ends. A process that is gone refuses the connection at once; a machine that is gone, or
 * one cut off, costs `patience`. Any answer at all counts.
 */
export async function nodeAnswers({
  nodeOrigin,
}: Pick<NodeRecord, 'nodeOrigin'>): Promise<boolean> {
  try {
    const signal = AbortSignal.timeout(patience)
    const response = await fetch(`${nodeOrigin}/healthz`, { signal, redirect: 'manual' })
    await response.body?.cancel()
    return true
  } catch {
    return false
  }
}
