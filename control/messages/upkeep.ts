import { message, NodeId } from './fields.ts'

/**
 * Both sides, when they have sent nothing else for 100 ms. Every message counts as one, and so does
 * every packet of the other side that passes authentication.
 */
export const Heartbeat = message('heartbeat', {})

/**
 * Parent to child: I go; take everything that you have from me there instead, by a `subscribe` with
 * `have`, and unsubscribe here when it flows. A child that cannot, or that knows better, goes where
 * its own choice leads. Said again it changes the target of what has not moved yet.
 */
export const Move = message('move', { node: NodeId })
