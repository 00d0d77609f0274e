import { describe, expect, it } from 'vitest'
import { EventQueue, eventNames } from '#edge/event-queue.ts'

const all = (queue: EventQueue) => Array.from({ length: queue.size }, () => queue.take())

describe('what waits for a page (WHEP-79, 80, 84)', () => {
  it('is written as one line of data each, in order', () => {
    const queue = new EventQueue(eventNames)
    queue.push('active', '{}')
    queue.push('viewercount', '{"viewercount":3}')
    expect(all(queue)).toEqual([
      'event: active\ndata: {}\n\n',
      'event: viewercount\ndata: {"viewercount":3}\n\n',
    ])
    expect(queue.take()).toBeUndefined()
  })

  it('is what was asked for', () => {
    const queue = new EventQueue(['layers'])
    for (const name of eventNames) queue.push(name, '{}')
    expect(all(queue)).toEqual(['event: layers\ndata: {}\n\n'])
  })

  it('holds the newest state of layers and viewers only', () => {
    const queue = new EventQueue(eventNames)
    queue.push('layers', '1')
    queue.push('inactive', '{}')
    for (let i = 2; i < 1000; i++) queue.push('layers', String(i))
    expect(all(queue)).toEqual(['event: layers\ndata: 999\n\n', 'event: inactive\ndata: {}\n\n'])
  })

  it('is 256 events at most: the oldest are dropped', () => {
    const queue = new EventQueue(eventNames)
    for (let i = 0; i < 300; i++) queue.push('reconnect', String(i))
    expect(queue.size).toBe(256)
    expect(queue.take()).toBe('event: reconnect\ndata: 44\n\n')
  })
})
