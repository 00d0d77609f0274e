import { Type } from 'typebox'

const IceServer = Type.Object(
  {
    urls: Type.String({ pattern: '^(stun|turn)s?:[^\\s|,]+$' }),
    username: Type.Optional(Type.String({ minLength: 1 })),
    credential: Type.Optional(Type.String({ minLength: 1 })),
  },
  { additionalProperties: false },
)

/** Of the ways to this node; part of `Config`. */
export const iceSettings = {
  ICE_SERVERS: Type.Array(IceServer, {
    default: [],
    takes: 'JSON, or a list of url|username|credential with urls stun:, turn: or turns:',
    secret: true,
    shownDefault: 'none',
    description: 'STUN and TURN servers that clients are told of.',
  }),
  TURN_URLS: Type.Array(Type.String({ pattern: '^turns?:[^\\s,]+$' }), {
    default: [],
    takes: 'a list of turn: or turns: addresses',
    shownDefault: 'none',
    description: 'TURN servers that share `TAILRACE_TURN_SECRET` with this node.',
  }),
  TURN_SECRET: Type.Optional(
    Type.String({
      minLength: 16,
      secret: true,
      takes: 'a text of at least 16 characters',
      description:
        'What `static-auth-secret` of these servers is: each session gets a credential made ' +
        'with it ([how](turn.md)).',
    }),
  ),
  TURN_TTL: Type.Integer({
    minimum: 300,
    maximum: 43_200,
    default: 43_200,
    description: 'Seconds that such a credential is good for: no session by TURN lasts longer.',
  }),
}
