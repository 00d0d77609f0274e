import { Type } from 'typebox'
import {
  Epoch,
  IngestIndex,
  LayerName,
  LayerState,
  LinkClock,
  LinkTrack,
  longestPath,
  message,
  mostLayers,
  NodeId,
  NodePath,
  StreamKey,
  Subscription,
  WantedLayers,
} from './fields.ts'

const subscription = Subscription
const mostNames = 2 * mostLayers

/**
 * Child to parent: send me this stream. Answered by `subscribed` or `refused`, maybe only when the
 * parent has got the stream from above itself; a child that does not want to wait unsubscribes. A
 * number that is not higher than all before is `broken`; a stream that is subscribed already is
 * subscribed again, with runs of its own, and the earlier one ends when the child says so.
 */
export const Subscribe = message('subscribe', {
  subscription,
  stream: StreamKey,
  /**
   * Nodes that wait for this answer, the farthest from the origin first, the child last. A parent
   * that is one of them, or finds one of them above itself, refuses with `loop`.
   */
  below: Type.Array(NodeId, { minItems: 1, maxItems: longestPath }),
  wanted: WantedLayers,
  /** The parent that the child has lost: one that has to begin for it does not ask that very one. */
  lost: Type.Optional(NodeId),
  /**
   * For a take-over: the child holds all up to this index that it will ever ask for, and the run
   * goes on behind it where the parent's log still can. Epochs and layers that the parent does not
   * have are passed over. A layer that is not named starts at its newest keyframe.
   */
  have: Type.Array(Type.Object({ epoch: Epoch, layer: LayerName, index: IngestIndex }), {
    maxItems: 2 * mostNames,
  }),
  /**
   * The same of one below, who asked the child before that has anything itself: what begins with a
   * keyframe shall reach back as far as this, too.
   */
  need: Type.Optional(
    Type.Array(Type.Object({ epoch: Epoch, layer: LayerName, index: IngestIndex }), {
      maxItems: 2 * mostNames,
    }),
  ),
})

/** All that a child needs to know of one publication. */
const publication = {
  subscription,
  epoch: Epoch,
  /** Down to the parent. The child refuses to stand under itself: `unsubscribe`, another parent. */
  path: NodePath,
  /** The publisher's program, as `recogniseClient` names it. */
  client: Type.String({ maxLength: 64 }),
  /** One of a kind. A second one of the same kind is `broken`. */
  tracks: Type.Array(LinkTrack, { maxItems: 2 }),
}

/**
 * Parent to child, the answer to `subscribe`: media may be on its way already, and what comes
 * before this message is kept for a moment or lost, and asked for again by NACK. An SSRC that is not
 * higher than all that this connection has named before is `broken`: its nonces may be used up. A
 * child that knows a higher epoch from elsewhere unsubscribes: this parent is behind.
 */
export const Subscribed = message('subscribed', publication)

/**
 * Parent to child: another publisher, with runs of its own; those of the epoch before are over, and
 * what is missing of them will not come. All of it is sent until the child wants something else. An
 * epoch that is not higher than the child's is ignored: it lost, or has been told already.
 */
export const NewEpoch = message('epoch', publication)

/**
 * Child to parent: only these layers, from now on. The parent answers with `layers` if that
 * changes anything; a layer that begins does so at its newest keyframe.
 */
export const Want = message('want', { subscription, wanted: WantedLayers })

/**
 * Parent to child: these layers have come, gone, begun or ended; what is not named stays. A run
 * that begins always has a new SSRC, also for a layer that was sent before. Of an epoch that is not
 * the child's it is ignored.
 */
export const Layers = message('layers', {
  subscription,
  epoch: Epoch,
  layers: Type.Array(LayerState, { minItems: 1, maxItems: mostNames }),
})

/**
 * Child to parent: somebody below cannot go on without a keyframe of these layers. Merged at every
 * node, at most one per layer in 500 ms; more of them are ignored.
 */
export const Keyframe = message('keyframe', {
  subscription,
  layers: Type.Array(LayerName, { minItems: 1, maxItems: mostNames }),
})

/** Parent to child: what the RTP time of a layer means is known, or known better. */
export const ClockChange = message('clock', {
  subscription,
  epoch: Epoch,
  layer: LayerName,
  clock: LinkClock,
})

/**
 * Parent to child: the publisher is away; one that comes back is an `epoch`. That the parent has
 * merely lost its own parent is not said by this. Of another epoch than the child's it is ignored.
 */
export const Inactive = message('inactive', { subscription, epoch: Epoch })

/** Child to parent: no more of this. The parent answers nothing. */
export const Unsubscribe = message('unsubscribe', { subscription })

/**
 * Parent to child: the parent has another parent, or somebody above it has. A child that is in the
 * path unsubscribes and looks for another parent; else it tells its own children. The same path
 * again is ignored.
 */
export const PathChange = message('path', { subscription, path: NodePath })
