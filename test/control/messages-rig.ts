import { freshLinkKeys } from '#control/messages/link-keys.ts'
import type { Message, MessageOf } from '#control/messages.ts'

export const publication = {
  subscription: 1,
  epoch: 1_800_000_000_123,
  path: ['ingest-1', 'relay-1'],
  client: 'obs',
  tracks: [
    {
      kind: 'video',
      codec: 'H264',
      payloadType: 96,
      clockRate: 90_000,
      profile: '42e01f',
      parameters: 'packetization-mode=1;profile-level-id=42e01f',
      dependencyDescriptor: 12,
      keyframeAnswers: 'no',
      layers: [
        {
          rid: '0',
          offered: true,
          run: { ssrc: 1, base: 65_300, from: 65_536, end: 65_600 },
          facts: {
            profile: '64001f',
            level: 31,
            width: 1280,
            height: 720,
            reordered: false,
            parameterSets: ['Z2QAH6zZQFAFuw==', 'aOvjyyLA'],
            keyframeHasParameterSets: true,
          },
          clock: { rtpTimestamp: 4_294_967_295, wall: 1_800_000_000_123.5 },
        },
        { rid: '1', offered: false },
      ],
    },
    {
      kind: 'audio',
      codec: 'opus',
      payloadType: 111,
      clockRate: 48_000,
      channels: 2,
      parameters: '',
      keyframeAnswers: 'unknown',
      layers: [{ offered: true, run: { ssrc: 2, base: 0, from: 2 ** 48 - 1, end: 2 ** 48 - 1 } }],
    },
  ],
} satisfies Omit<MessageOf<'subscribed'>, 'type'>

export const subscribe = {
  type: 'subscribe',
  subscription: 1,
  stream: 'default/demo',
  below: ['edge-7', 'edge-1'],
  wanted: [{ kind: 'audio' }, { kind: 'video', rid: '0' }],
  have: [{ epoch: 3, layer: { kind: 'video', rid: '0' }, index: 65_700 }],
} satisfies MessageOf<'subscribe'>

export const terms = {
  token: 'aaa.bbb.ccc',
  media: [
    { address: '10.0.0.2', port: 8189 },
    { address: '2001:db8::2', port: 8189 },
  ],
  ice: { ufrag: 'abcd/+12', password: 'abcdefghijklmnopqrstuvwx' },
  keys: freshLinkKeys(),
} satisfies Partial<MessageOf<'welcome'>>

/** A good message of every type, with all that it can have. */
export const oneOfEach: Message[] = [
  {
    type: 'hello',
    node: 'edge-1',
    incarnation: 1_800_000_000_000,
    protocol: { oldest: 1, newest: 2 },
    role: 'subscriber',
  },
  { type: 'welcome', version: 1, node: 'relay-1', incarnation: 0, ...terms },
  {
    type: 'refused',
    subscription: 3,
    reason: 'full',
    text: '64 children are as many as it takes',
  },
  subscribe,
  { type: 'subscribed', ...publication },
  { type: 'epoch', ...publication },
  { type: 'want', subscription: 1, wanted: 'all' },
  {
    type: 'layers',
    subscription: 1,
    epoch: 3,
    layers: [
      { kind: 'video', rid: '1', offered: true, run: { ssrc: 3, base: 5, from: 6, end: 6 } },
      { kind: 'audio', offered: false },
    ],
  },
  { type: 'keyframe', subscription: 1, layers: [{ kind: 'video' }] },
  {
    type: 'clock',
    subscription: 1,
    epoch: 3,
    layer: { kind: 'video', rid: '1' },
    clock: { rtpTimestamp: 0, wall: 0 },
  },
  { type: 'inactive', subscription: 1, epoch: 3 },
  { type: 'unsubscribe', subscription: 1 },
  { type: 'path', subscription: 1, path: ['ingest-1'] },
  { type: 'move', node: 'relay-2' },
  { type: 'heartbeat' },
]
