import { Type } from 'typebox'

const origin = {
  pattern: '^https?://[^\\s/?#@\\\\]{1,255}$',
  takes: 'an origin such as https://a.example:8080, without a path',
}

/** What makes a node one of a cluster; a part of `Config`. */
export const clusterSettings = {
  ROLES: Type.Array(Type.Enum(['ingest', 'relay', 'edge']), {
    minItems: 1,
    uniqueItems: true,
    default: ['ingest', 'relay', 'edge'],
    shownDefault: 'all of them',
    description:
      'What this node does: takes publishers, passes streams on to other nodes, takes viewers.',
  }),
  NODE_ID: Type.Optional(
    Type.String({
      pattern: '^[A-Za-z0-9._-]{1,64}$',
      takes: '1 to 64 characters of A-Z, a-z, 0-9, . _ and -',
      shownDefault: 'the host name and something random',
      description: 'Name of this node. A second one of the same name in a cluster does not start.',
    }),
  ),
  NODE_URL: Type.Optional(
    Type.String({
      ...origin,
      shownDefault: 'the first address of this machine, with its HTTP port',
      description: 'Where other nodes reach this one.',
    }),
  ),
  PUBLIC_URL: Type.Optional(
    Type.String({
      ...origin,
      shownDefault: 'what `TAILRACE_NODE_URL` is',
      description: 'Where viewers and publishers reach this node, when another sends them here.',
    }),
  ),
  REGION_HEADER: Type.Optional(
    Type.String({
      pattern: '^[A-Za-z0-9-]{1,64}$',
      takes: 'the name of a header field',
      description:
        'Field in which the proxies of `TAILRACE_TRUST_PROXY` name the region of a client. They ' +
        'must not pass on what the client itself sends under this name.',
    }),
  ),
  REDIS_URL: Type.Optional(
    Type.String({
      pattern: '^rediss?://\\S+$',
      secret: true,
      takes: 'a redis: or rediss: URL',
      description:
        'Redis by which the nodes of a cluster know one another. Without it this node is alone.',
    }),
  ),
  CLUSTER_SECRET: Type.Array(
    Type.String({ pattern: '^[A-Za-z0-9._~+/=-]{32,1024}$', secret: true }),
    {
      maxItems: 2,
      default: [],
      takes: 'a text of at least 32 characters of A-Z, a-z, 0-9, . _ ~ + / = -, or two of them',
      shownDefault: 'none',
      description:
        'What all nodes of a cluster share, to know that they are its nodes. The first signs; a ' +
        'second counts as well, while it is changed.',
    },
  ),
  DRAIN_MS: Type.Integer({
    minimum: 0,
    maximum: 600_000,
    default: 10_000,
    description:
      'How long a stopping node of a cluster waits, in ms, for its viewers to go to other nodes.',
  }),
  DRAIN_PUBLISHERS_MS: Type.Integer({
    minimum: 0,
    maximum: 86_400_000,
    default: 0,
    description:
      'How long a stopping node of a cluster waits, in ms, for its publishers to stop of their own ' +
      'accord. Who is told to leave is away for 2 s with OBS, and its viewers see that.',
  }),
  MAX_CHILDREN: Type.Integer({
    minimum: 0,
    maximum: 4096,
    default: 64,
    description: 'Links to other nodes that get streams from this one, all streams together.',
  }),
}
