import { Type } from 'typebox'
import { message, NodeId, Origin } from './fields.ts'

/**
 * Both sides, when they have sent nothing else for 100 ms. Every message counts as one, and so does
 * every packet of the other side that passes authentication.
 */
export const Heartbeat = message('heartbeat', {
  /**
   * Ms by which the sender's loop came late, at most, since its last heartbeat. Over 100 the
   * receiver knows whose silence it was: it is for the log and the metrics, and changes no verdict.
   */
  lag: Type.Number({ minimum: 0, maximum: 3_600_000 }),
})

/**
 * Parent to child: I go; take everything that you have from me there instead, by a `subscribe` with
 * `have`, and unsubscribe here when it flows. A child that cannot, or that knows better, goes where
 * its own choice leads. Said again it changes the target of what has not moved yet.
 */
export const Move = message('move', {
  node: NodeId,
  origin: Origin,
  /** Ms until the parent goes, moved or not. */
  within: Type.Number({ minimum: 0, maximum: 3_600_000 }),
})
