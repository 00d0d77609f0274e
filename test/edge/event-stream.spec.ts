import { describe, expect, it } from 'vitest'
import { eventNames } from '#edge/event-queue.ts'
import { EventStream } from '#edge/event-stream.ts'
import { FakeSink } from './fake-sink.ts'

const active = 'event: active\ndata: {}\n\n'
const inactive = 'event: inactive\ndata: {}\n\n'

describe('an event stream', () => {
  it('begins with a comment, and brings what happened before and after', () => {
    const stream = new EventStream(eventNames)
    stream.push('active', '{}', 0)
    const sink = new FakeSink()
    stream.connect(sink, 1)
    stream.push('inactive', '{}', 2)
    expect(sink.take()).toEqual([':\n\n', active, inactive])
  })

  it('sends a comment after 15 s of silence, and only then (WHEP-78)', () => {
    const stream = new EventStream(eventNames)
    const sink = new FakeSink()
    stream.connect(sink, 0)
    stream.push('active', '{}', 10_000)
    sink.take()
    for (let now = 10_000; now < 25_000; now += 1000) stream.tick(now)
    expect(sink.take()).toEqual([])
    stream.tick(25_000)
    expect(sink.take()).toEqual([':\n\n'])
  })

  it('writes nothing to a reader that is behind until it has caught up', () => {
    const stream = new EventStream(eventNames)
    const sink = new FakeSink()
    stream.connect(sink, 0)
    sink.full = true
    stream.push('active', '{}', 0)
    stream.push('inactive', '{}', 0)
    expect(sink.take()).toEqual([':\n\n', active])
    sink.full = false
    stream.drained(10)
    expect(sink.take()).toEqual([inactive])
  })

  it('is cut off from a reader that stays behind for 15 s, and keeps the events (SEC-50)', () => {
    const stream = new EventStream(eventNames)
    const slow = new FakeSink()
    slow.full = true
    stream.connect(slow, 0)
    stream.push('active', '{}', 0)
    stream.tick(14_999)
    expect(slow.state).toBe('open')
    stream.tick(15_000)
    expect([slow.state, slow.take()]).toEqual(['destroyed', [':\n\n']])
    const next = new FakeSink()
    stream.connect(next, 16_000)
    expect(next.take()).toEqual([':\n\n', active])
  })

  it('leaves a connection for a newer one, and is not ended by the old one', () => {
    const stream = new EventStream(eventNames)
    const [first, second] = [new FakeSink(), new FakeSink()]
    stream.connect(first, 0)
    stream.connect(second, 1)
    stream.disconnected(first)
    stream.push('active', '{}', 2)
    expect([first.state, second.take()]).toEqual(['destroyed', [':\n\n', active]])
  })

  it('ends its connection with what was written', () => {
    const stream = new EventStream(eventNames)
    const sink = new FakeSink()
    stream.connect(sink, 0)
    stream.end()
    stream.push('active', '{}', 2)
    expect([sink.state, sink.take()]).toEqual(['ended', [':\n\n']])
  })
})
