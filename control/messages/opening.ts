import { Type } from 'typebox'
import { Incarnation, message, NodeId, Subscription, Text, Version } from './fields.ts'

/** Bytes of base64url, unpadded. */
function encoded(bytes: number) {
  return Type.String({ pattern: `^[\\w-]{${Math.ceil((bytes * 4) / 3)}}$` })
}

/** RFC 7714 §12: AEAD_AES_128_GCM has a key of 16 bytes and a salt of 12. */
const MasterKey = Type.Object({ key: encoded(16), salt: encoded(12) })

/**
 * Child to parent, first and once. The node token came with the request for the WebSocket, in
 * `Authorization`; a hello in another node's name is refused with `wrong-token`. Its form is the
 * same in all versions, as are those of `welcome` and `refused`.
 */
export const Hello = message('hello', {
  node: NodeId,
  incarnation: Incarnation,
  /** Versions that the child speaks. None in common: refused with `version`. */
  protocol: Type.Object({ oldest: Version, newest: Version }),
  /** What it is to the parent. Other roles may come, in other versions. */
  role: Type.Literal('subscriber'),
})

/**
 * Parent to child, the answer to `hello`. A child that finds anything wrong with it (a version that
 * it did not offer, another node than it called, a token that does not count) closes and counts the
 * node as one that cannot be reached.
 */
export const Welcome = message('welcome', {
  /** The newest that both speak. */
  version: Version,
  node: NodeId,
  incarnation: Incarnation,
  /** A node token for the child, in answer to the child's own: the parent knows the secret too. */
  token: Type.String({ pattern: '^[\\w-]+\\.[\\w-]+\\.[\\w-]+$', maxLength: 2048 }),
  /** Where the parent's media port may be reached, the best first. */
  media: Type.Array(
    Type.Object({
      /** IPv4 or IPv6, as Node prints it. */
      address: Type.String({ pattern: '^[0-9a-fA-F.:]{2,45}$' }),
      port: Type.Integer({ minimum: 1, maximum: 65_535 }),
    }),
    { minItems: 1, maxItems: 8 },
  ),
  /** For the STUN check by which the parent learns where the child is (RFC 8445 §7.3). */
  ice: Type.Object({
    ufrag: Type.String({ pattern: '^[A-Za-z0-9+/]{4,32}$' }),
    password: Type.String({ pattern: '^[A-Za-z0-9+/]{22,64}$' }),
  }),
  /** AEAD_AES_128_GCM, made for this connection: `parent` protects what the parent sends. */
  keys: Type.Object({ parent: MasterKey, child: MasterKey }),
})

/**
 * Why a node says no.
 *
 * - `wrong-token`: not a token of this cluster for this node, or a hello in another's name
 * - `version`: no version in common
 * - `loop`: the child is above the parent, or waits for itself
 * - `full`: as many children, or streams, as it takes
 * - `draining`: it takes nothing new and goes soon
 * - `unknown-stream`: it does not have the stream and knows nobody who has
 * - `too-deep`: the child would be farther from the origin than the tree may grow
 * - `broken`: a message that cannot be read, or that has no place here; the connection ends
 * - `exhausted`: the keys have no SSRC left: open a new connection
 */
const RefusalReason = Type.Union([
  Type.Literal('wrong-token'),
  Type.Literal('version'),
  Type.Literal('loop'),
  Type.Literal('full'),
  Type.Literal('draining'),
  Type.Literal('unknown-stream'),
  Type.Literal('too-deep'),
  Type.Literal('broken'),
  Type.Literal('exhausted'),
])

/**
 * Either side. With `subscription` it answers that `subscribe`, or ends what was subscribed, and
 * the connection stays; without, the sender closes the connection right behind it. The receiver
 * looks for another parent and does not ask this one again at once: `loop`, `full`, `draining` and
 * `too-deep` until all others were asked, `wrong-token` and `version` for a minute.
 */
export const Refused = message('refused', {
  subscription: Type.Optional(Subscription),
  reason: RefusalReason,
  text: Text,
})
