import { type TProperties, Type } from 'typebox'
import { namePattern } from '#core/stream-name.ts'

/** Nodes between an origin and a viewer, both ends included, that a message can name. */
export const longestPath = 32
/** Encodings of one track; publishers send three or four. */
export const mostLayers = 8

/** A node's name in the registry (`NodeRecord.id`). */
export const NodeId = Type.String({ pattern: '^[A-Za-z0-9._-]{1,64}$' })
/** Of two processes with one id, the higher one is the later. */
export const Incarnation = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })
/** For logs and people; nobody decides by it. */
export const Text = Type.String({ maxLength: 256 })
/** A whole number of a protocol version. */
export const Version = Type.Integer({ minimum: 1, maximum: 65_535 })

const name = namePattern.slice(1, -1)
/** With its tenant, as `streamKey` of `core/stream-name.ts` writes it. */
export const StreamKey = Type.String({ pattern: `^${name}/${name}$` })
/** Of two claims to a stream the higher one is right (`StreamRecord.epoch`). */
export const Epoch = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })
/**
 * Chosen by the child, each number once per connection and higher than all before: what crosses an
 * `unsubscribe` on its way is then nobody else's. A message about one that is not open is ignored.
 */
export const Subscription = Type.Integer({ minimum: 1, maximum: 2 ** 31 - 1 })
/** Of 64 bits in the log (DESIGN §4), of which SRTP can count 48 (RFC 3711 §3.3.1). */
export const IngestIndex = Type.Integer({ minimum: 0, maximum: 2 ** 48 - 1 })
/** Link-local: see `LinkSsrcs`. Zero is what RTCP of a link comes from. */
const Ssrc = Type.Integer({ minimum: 1, maximum: 2 ** 32 - 1 })

/**
 * Nodes from the origin down to whoever sends the message, both included. A receiver that finds
 * itself in it is in a loop.
 */
export const NodePath = Type.Array(NodeId, { minItems: 1, maxItems: longestPath })

const kind = Type.Union([Type.Literal('audio'), Type.Literal('video')])
const rid = Type.Optional(Type.String({ pattern: '^[A-Za-z0-9_-]{1,255}$' }))

/** One encoding of one track. `rid` is absent where the track has a single one without a name. */
const layerName = { kind, rid }
export const LayerName = Type.Object(layerName)

/** What the child has somebody for. Names of layers that are not there mean nothing. */
export const WantedLayers = Type.Union([
  Type.Literal('all'),
  Type.Array(LayerName, { maxItems: 2 * mostLayers }),
])

/** Relates RTP time to the ingest node's wall clock: `LogClock` of `native/media-plane.ts`. */
export const LinkClock = Type.Object({
  rtpTimestamp: Type.Integer({ minimum: 0, maximum: 2 ** 32 - 1 }),
  /** Ms since the Unix epoch. */
  wall: Type.Number({ minimum: 0, maximum: 8.64e15 }),
})

const small = Type.Optional(Type.Integer({ minimum: 0, maximum: 65_535 }))

/** What was seen on the wire, or seen so far: `StreamFacts` of `rtp/codecs`. */
const LayerFacts = Type.Object({
  profile: Type.Optional(Type.String({ pattern: '^[0-9a-fA-F]{1,16}$' })),
  level: small,
  tier: small,
  width: small,
  height: small,
  reordered: Type.Boolean(),
  /** Whole NAL units, base64, each of 1000 bytes at most, VPS before SPS before PPS. */
  parameterSets: Type.Array(Type.String({ pattern: '^[A-Za-z0-9+/]{2,1334}={0,2}$' }), {
    maxItems: 8,
  }),
  keyframeHasParameterSets: Type.Boolean(),
})

/**
 * How the packets of a layer come over this link from now on. The ingest index of a packet is
 * `base` plus its SRTP index (RFC 3711 §3.3.1) under this SSRC, which starts with a rollover
 * counter of 0: the parent chooses `base` so that the first packet has a number below 2^15, or the
 * loss of the first ones could not be told from a wrap.
 */
const LayerRun = Type.Object({
  ssrc: Ssrc,
  base: IngestIndex,
  /** The first packet that will come. What the child lacks before it is lost for good. */
  from: IngestIndex,
  /**
   * Where the parent's log ends now: until then packets come faster than they were made, and a
   * child that passes them on must not take them for live ones.
   */
  end: IngestIndex,
})

const layerState = {
  /** Whether the publisher sends it now, as far as the parent knows. */
  offered: Type.Boolean(),
  /** Bits per second that it takes: for who may want it, and while its log is copied. */
  bitrate: Type.Optional(Type.Number({ minimum: 0, maximum: 1e10 })),
  /** Absent: none of its packets come over this link. */
  run: Type.Optional(LayerRun),
  facts: Type.Optional(LayerFacts),
  /** Absent before the first packet. */
  clock: Type.Optional(LinkClock),
}

/** One layer as it stands at the parent. */
export const LayerState = Type.Object({ ...layerName, ...layerState })

/** A track as its publisher and the ingest agreed on it: it holds for the whole epoch. */
export const LinkTrack = Type.Object({
  kind,
  codec: Type.Union([
    Type.Literal('opus'),
    Type.Literal('H264'),
    Type.Literal('H265'),
    Type.Literal('VP8'),
    Type.Literal('VP9'),
    Type.Literal('AV1'),
  ]),
  /** As its packets have it, on every link. */
  payloadType: Type.Integer({ minimum: 0, maximum: 127 }),
  /** Ticks per second of its RTP timestamps. */
  clockRate: Type.Integer({ minimum: 1, maximum: 1_000_000 }),
  channels: Type.Optional(Type.Integer({ minimum: 1, maximum: 255 })),
  /** Of the publisher's offer; the layers' facts say what the stream is. */
  profile: Type.Optional(Type.String({ maxLength: 64 })),
  /** Value of `a=fmtp` without the payload type; empty for none. */
  parameters: Type.String({ maxLength: 1024 }),
  /** Id of the dependency descriptor in its packets, where the publisher may send it. */
  dependencyDescriptor: Type.Optional(Type.Integer({ minimum: 1, maximum: 255 })),
  /** Whether the publisher answers keyframe requests. */
  keyframeAnswers: Type.Union([Type.Literal('yes'), Type.Literal('no'), Type.Literal('unknown')]),
  /** In the publisher's order. */
  layers: Type.Array(Type.Object({ rid, ...layerState }), { minItems: 1, maxItems: mostLayers }),
})

/** A message of this type. Fields that it does not name are dropped when it is read. */
export function message<Name extends string, Fields extends TProperties>(
  type: Name,
  fields: Fields,
) {
  return Type.Object({ type: Type.Literal(type), ...fields })
}
