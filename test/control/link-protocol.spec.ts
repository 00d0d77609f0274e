import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Outbox } from '#control/link-protocol/outbox.ts'
import { freshLinkKeys, srtpKeysOf } from '#control/messages/link-keys.ts'
import { LinkSsrcs, mostLinkSsrcs, SeenSsrcs } from '#control/messages/link-ssrcs.ts'
import type { MessageOf } from '#control/messages.ts'
import { LinkPair } from './link-protocol-rig.ts'
import { oneOfEach, publication, subscribe, terms } from './messages-rig.ts'

const { type: _, subscription: __, ...rest } = subscribe
const wish = { ...rest, below: ['edge-1'] }
const closed = (cause: string) => expect.objectContaining({ kind: 'closed', cause })

/** An open link with one stream subscribed, in epoch `publication.epoch`. */
function subscribedPair(): LinkPair {
  const pair = new LinkPair().open()
  pair.child.subscribe(wish, 0)
  pair.carry()
  const { tracks } = publication
  pair.parent.ssrcs.next()
  pair.parent.ssrcs.next()
  pair.parent.tell({ type: 'subscribed', ...publication, tracks }, 0)
  pair.carry()
  pair.toChild.length = 0
  return pair
}

describe('the opening of a link', () => {
  it('is hello, welcome, and the child knows keys and version', () => {
    const pair = new LinkPair({ versions: { oldest: 1, newest: 3 } })
    expect(pair.child.subscribe(wish, 0)).toBeUndefined()
    pair.carry()
    expect(pair.toParent).toEqual([expect.objectContaining({ kind: 'hello', version: 1 })])
    pair.parent.welcome(terms, 0)
    pair.parent.welcome(terms, 0)
    pair.carry()
    const welcome = { type: 'welcome', version: 1, node: 'relay-1', incarnation: 2, ...terms }
    expect(pair.toChild).toEqual([{ kind: 'opened', welcome }])
  })

  it.each`
    options                                   | reason
    ${{ proved: 'edge-2' }}                   | ${'wrong-token'}
    ${{ versions: { oldest: 2, newest: 3 } }} | ${'version'}
  `('ends with $reason', ({ options, reason }) => {
    const pair = new LinkPair(options)
    pair.carry()
    expect(pair.toParent).toEqual([closed('refused')])
    expect(pair.toChild).toEqual([closed('refused')])
    expect(pair.child.closed!.text).toContain(reason)
  })

  it('ends when another node answers than was called', () => {
    const pair = new LinkPair({ called: 'relay-9' })
    pair.carry()
    pair.parent.welcome(terms, 0)
    pair.carry()
    expect(pair.toChild).toEqual([closed('broken')])
  })

  it('ends when the welcome is of a version that was not offered', () => {
    const pair = new LinkPair({ versions: { oldest: 2, newest: 3 } })
    const welcome = {
      type: 'welcome',
      version: 1,
      node: 'relay-1',
      incarnation: 2,
      ...terms,
    } as const
    expect(pair.down(welcome)).toEqual(closed('broken'))
  })

  it.each(oneOfEach.filter(({ type }) => !['hello', 'refused', 'heartbeat'].includes(type)))(
    'ends when the child begins with $type',
    (message) => {
      expect(new LinkPair().up(message)).toEqual(closed('broken'))
    },
  )
})

describe('a subscription', () => {
  it('goes to the parent and is answered', () => {
    const pair = new LinkPair().open()
    expect(pair.child.subscribe(wish, 0)).toBe(1)
    pair.carry()
    expect(pair.toParent).toEqual([
      { kind: 'asked', message: { type: 'subscribe', subscription: 1, ...wish } },
    ])
    pair.parent.tell({ type: 'subscribed', ...publication }, 0)
    pair.carry()
    expect(pair.toChild).toEqual([
      { kind: 'told', message: { type: 'subscribed', ...publication } },
    ])
  })

  it('is refused where the parent waits for itself', () => {
    const pair = new LinkPair().open()
    pair.child.subscribe({ ...wish, below: ['relay-1', 'edge-1'] }, 0)
    pair.carry()
    expect(pair.toParent).toEqual([])
    const refusal = expect.objectContaining({ subscription: 1, reason: 'loop' })
    expect(pair.toChild).toEqual([{ kind: 'refused', refusal }])
    expect(pair.child.closed).toBeUndefined()
  })

  it.each(['subscribed', 'epoch', 'path'] as const)('ends where %s shows a loop', (type) => {
    const pair = type === 'subscribed' ? new LinkPair().open() : subscribedPair()
    if (type === 'subscribed') pair.child.subscribe(wish, 0)
    const path = ['ingest-1', 'edge-1', 'relay-1']
    const epoch = publication.epoch + 1
    const event = pair.down(
      type === 'path'
        ? { type, subscription: 1, path }
        : { type, ...publication, epoch, path, tracks: [] },
    )
    expect(event).toEqual({ kind: 'loop', subscription: 1 })
    pair.carry()
    expect(pair.parent.tell({ type: 'path', subscription: 1, path }, 0)).toBe(false)
  })

  it('hears of a newer epoch only', () => {
    const pair = subscribedPair()
    const older: MessageOf<'epoch'> = { type: 'epoch', ...publication, tracks: [] }
    expect(pair.down(older)).toBeUndefined()
    expect(pair.down({ ...older, epoch: publication.epoch - 1 })).toBeUndefined()
    const newer = { ...older, epoch: publication.epoch + 1 }
    expect(pair.down(newer)).toEqual({ kind: 'told', message: newer })
    expect(
      pair.down({ type: 'inactive', subscription: 1, epoch: publication.epoch }),
    ).toBeUndefined()
    const inactive = { type: 'inactive', subscription: 1, epoch: newer.epoch } as const
    expect(pair.down(inactive)).toEqual({ kind: 'told', message: inactive })
  })

  it('hears nothing but an answer before it is answered', () => {
    const pair = new LinkPair().open()
    pair.child.subscribe(wish, 0)
    const { epoch } = publication
    expect(pair.down({ type: 'path', subscription: 1, path: ['ingest-1'] })).toBeUndefined()
    expect(pair.down({ type: 'epoch', ...publication, tracks: [] })).toBeUndefined()
    expect(pair.down({ type: 'inactive', subscription: 1, epoch })).toBeUndefined()
    const answer: MessageOf<'subscribed'> = { type: 'subscribed', ...publication }
    expect(pair.down(answer)).toEqual({ kind: 'told', message: answer })
  })

  it('hears nothing more once it is over, and says nothing', () => {
    const pair = subscribedPair()
    pair.child.unsubscribe(1, 0)
    pair.child.unsubscribe(1, 0)
    pair.child.tell({ type: 'want', subscription: 1, wanted: 'all' }, 0)
    // It crosses the unsubscribe.
    pair.parent.tell({ type: 'path', subscription: 1, path: ['a'] }, 0)
    pair.carry()
    expect(pair.toChild).toEqual([])
    expect(pair.parent.tell({ type: 'path', subscription: 1, path: ['a'] }, 0)).toBe(false)
    expect(pair.child.subscribe(wish, 0)).toBe(2)
  })

  it('takes no number twice, nor a child that is not the last one below', () => {
    expect(subscribedPair().up({ ...subscribe, below: ['edge-1'] })).toEqual(closed('broken'))
    const next = { ...subscribe, subscription: 2, below: ['edge-1', 'edge-2'] }
    expect(subscribedPair().up(next)).toEqual(closed('broken'))
  })

  it('takes no name for two things', () => {
    const { layers: _layers, ...video } = publication.tracks[0]!
    const layer = { offered: true }
    const epoch = publication.epoch + 1
    const twoTracks = [
      { ...video, layers: [layer] },
      { ...video, layers: [layer] },
    ]
    for (const tracks of [twoTracks, [{ ...video, layers: [layer, layer] }]]) {
      const message: MessageOf<'epoch'> = { type: 'epoch', ...publication, epoch, tracks }
      expect(subscribedPair().down(message)).toEqual(closed('broken'))
    }
  })
})

describe('an SSRC of a link', () => {
  it('is never used twice, and there is an end to them', () => {
    const ssrcs = new LinkSsrcs()
    const all = new Set(Array.from({ length: mostLinkSsrcs }, () => ssrcs.next()))
    expect(all.size).toBe(mostLinkSsrcs)
    expect(all.has(undefined)).toBe(false)
    expect(all.has(0)).toBe(false)
    expect([ssrcs.next(), ssrcs.next()]).toEqual([undefined, undefined])
  })

  it('is known again by the one who receives', () => {
    const ssrc = fc.integer({ min: 1, max: 50 })
    fc.assert(
      fc.property(fc.array(fc.array(ssrc, { maxLength: 4 })), (named) => {
        const seen = new SeenSsrcs()
        const accepted = named.filter((list) => seen.accept(list)).flat()
        expect(new Set(accepted).size).toBe(accepted.length)
      }),
    )
    const seen = new SeenSsrcs()
    expect([seen.accept([2, 1]), seen.accept([]), seen.accept([3]), seen.accept([3])]).toEqual([
      true,
      true,
      true,
      false,
    ])
  })

  it('ends the link when it comes again, also in what is not open any more', () => {
    const run = { ssrc: 2, base: 0, from: 0, end: 0 }
    const layers = [{ kind: 'audio' as const, offered: true, run }]
    const again = { type: 'layers', subscription: 1, epoch: publication.epoch, layers } as const
    expect(subscribedPair().down(again)).toEqual(closed('broken'))
    expect(subscribedPair().down({ ...again, subscription: 9 })).toEqual(closed('broken'))
    expect(() => subscribedPair().parent.tell(again, 0)).toThrow(RangeError)
  })

  it('stands under keys of 16 bytes and salts of 12, new ones each time', () => {
    const keys = freshLinkKeys()
    const [parent, child] = [srtpKeysOf(keys, 'parent'), srtpKeysOf(keys, 'child')]
    expect(parent).toEqual({ profile: 7, local: child.remote, remote: child.local })
    expect([parent.local.key.length, parent.local.salt.length]).toEqual([16, 12])
    expect(parent.local).not.toEqual(parent.remote)
    expect(freshLinkKeys()).not.toEqual(keys)
  })
})

describe('what goes wrong on a link', () => {
  it.each(['not JSON', '{"type":"unsubscribe"}'])('is told to the other side: %s', (text) => {
    const pair = new LinkPair().open()
    expect(pair.parent.receive(text, 0)).toEqual(closed('broken'))
    pair.carry()
    expect(pair.toChild).toEqual([closed('refused')])
    expect(pair.parent.receive(text, 0)).toBeUndefined()
  })

  it('is not what a newer node says', () => {
    const pair = new LinkPair().open()
    expect(pair.parent.receive('{"type":"later"}', 0)).toBeUndefined()
    expect(pair.parent.closed).toBeUndefined()
  })

  it('ends a link whose queue is full', () => {
    const pair = subscribedPair()
    const path = Array.from({ length: 32 }, () => 'x'.repeat(64))
    const message = { type: 'path', subscription: 1, path } as const
    const outbox = new Outbox()
    let pushed = 0
    while (outbox.push(message)) pushed++
    let told = 0
    while (pair.parent.tell(message, 0)) told++
    expect(told).toBeGreaterThan(1000)
    expect(told).toBe(pushed)
    expect(pair.parent.closed).toEqual(closed('overflow'))
    expect(outbox.take()).toBe(JSON.stringify(message))
    expect([outbox.push(message), outbox.push(message)]).toEqual([true, false])
  })

  it('never throws, whatever either side says in whatever order', () => {
    const order = fc.array(fc.constantFrom(...oneOfEach), { maxLength: 20 })
    fc.assert(
      fc.property(order, fc.boolean(), (messages, isOpen) => {
        const pair = isOpen ? subscribedPair() : new LinkPair()
        for (const message of messages) {
          pair.up(message)
          pair.down(message)
          pair.now += 20
          pair.child.poll(pair.now)
          pair.parent.poll(pair.now)
        }
      }),
    )
  })
})
