import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  chooseVersion,
  longestMessage,
  type Message,
  messageSchemas,
  protocolVersion,
  readMessage,
  spokenVersions,
  writeMessage,
} from '#control/messages.ts'
import { oneOfEach } from './messages-rig.ts'

const written = (message: unknown) => JSON.stringify(message)

/** Every place of a value, as the list of keys that leads there. */
function places(value: unknown, path: readonly string[] = []): string[][] {
  if (typeof value !== 'object' || value === null) return [[...path]]
  const inner = Object.entries(value).flatMap(([key, one]) => places(one, [...path, key]))
  return [[...path], ...inner]
}

function withPlace(value: unknown, [key, ...rest]: readonly string[], put: unknown): unknown {
  if (key === undefined) return put
  const copy = structuredClone(value) as Record<string, unknown>
  const changed = withPlace(copy[key], rest, put)
  if (changed === undefined) delete copy[key]
  else copy[key] = changed
  return copy
}

describe('a message between nodes', () => {
  it('is there of every type, for these specs', () => {
    expect(oneOfEach.map(({ type }) => type).sort()).toEqual(Object.keys(messageSchemas).sort())
  })

  it.each(oneOfEach)('$type comes out as it went in', (message) => {
    expect(readMessage(writeMessage(message)!)).toEqual(message)
  })

  it.each(oneOfEach)('$type of a newer node loses what is not known, at any depth', (message) => {
    const newer = JSON.parse(
      written(message).replaceAll('{', '{"later":{"deep":[[{}]]},').replaceAll(',}', '}'),
    )
    expect(readMessage(written(newer))).toEqual(message)
  })

  it.each(oneOfEach)('$type lacks no field that is not marked as optional', (message) => {
    for (const key of Object.keys(message)) {
      const read = readMessage(written(withPlace(message, [key], undefined)))
      const isOptional = [...['refused.subscription', 'refused.elsewhere', 'ended.text']].includes(
        `${message.type}.${key}`,
      )
      expect('fault' in read, key).toBe(!isOptional)
    }
  })

  it('is told from one that only a newer node knows', () => {
    expect(readMessage('{"type":"later","x":1}')).toEqual({ unknown: 'later' })
    expect(readMessage('{"type":"constructor"}')).toEqual({ unknown: 'constructor' })
  })

  it.each([
    '',
    'hello',
    'null',
    '"hello"',
    '[]',
    '{}',
    '{"type":1}',
    '{"type":""}',
    '{"type":"__proto__"}',
    `{"type":"${'x'.repeat(33)}"}`,
    '{"type":"unsubscribe"}',
    '{"type":"unsubscribe","subscription":-1}',
    '{"type":"unsubscribe","subscription":"1"}',
    '{"type":"unsubscribe","subscription":1e999}',
  ])('is not %s', (text) => {
    expect(readMessage(text)).toEqual({ fault: expect.any(String) })
  })

  it('keeps nothing of a prototype', () => {
    const read = readMessage('{"type":"unsubscribe","subscription":1,"__proto__":{"polluted":1}}')
    expect(Object.keys(read)).toEqual(['type', 'subscription'])
    expect(Reflect.get(read, 'polluted')).toBeUndefined()
  })
})

describe('the bounds of a message', () => {
  const unsubscribe = (spaces: number) =>
    `{"type":"unsubscribe","subscription":1${' '.repeat(spaces)}}`

  it('are 64 KiB', () => {
    const most = longestMessage - unsubscribe(0).length
    expect(readMessage(unsubscribe(most))).toEqual({ type: 'unsubscribe', subscription: 1 })
    expect(readMessage(unsubscribe(most + 1))).toEqual({ fault: expect.stringContaining('longer') })
    const wide = written({
      type: 'unsubscribe',
      subscription: 1,
      later: '€'.repeat(longestMessage / 3),
    })
    expect(readMessage(wide)).toEqual({ fault: expect.stringContaining('longer') })
  })

  it.each(['[', '{"a":'])('hold for depth too: %s', (open) => {
    const close = open === '[' ? ']' : '}'
    const levels = 10_000
    const deep = `${open.repeat(levels)}1${close.repeat(levels)}`
    expect(readMessage(deep)).toEqual({ fault: expect.any(String) })
    const hidden = `{"type":"unsubscribe","subscription":1,"later":${deep}}`
    expect(readMessage(hidden)).toEqual({ type: 'unsubscribe', subscription: 1 })
  })

  const subscribed = oneOfEach.find(({ type }) => type === 'subscribed')!

  it.each`
    path                                                             | put
    ${['path']}                                                      | ${[]}
    ${['path']}                                                      | ${Array.from({ length: 33 }, () => 'node')}
    ${['path', '0']}                                                 | ${'x'.repeat(65)}
    ${['path', '0']}                                                 | ${'a node'}
    ${['client']}                                                    | ${'x'.repeat(65)}
    ${['subscription']}                                              | ${0}
    ${['subscription']}                                              | ${2 ** 31}
    ${['epoch']}                                                     | ${2 ** 53}
    ${['epoch']}                                                     | ${1.5}
    ${['tracks']}                                                    | ${[1, 2, 3]}
    ${['tracks', '0', 'codec']}                                      | ${'VP10'}
    ${['tracks', '0', 'layers']}                                     | ${[]}
    ${['tracks', '0', 'layers']}                                     | ${Array.from({ length: 9 }, () => ({ offered: true }))}
    ${['tracks', '0', 'layers', '0', 'rid']}                         | ${'x'.repeat(256)}
    ${['tracks', '0', 'layers', '0', 'run']}                         | ${{ ssrc: 0, base: 0, from: 0 }}
    ${['tracks', '0', 'layers', '0', 'run']}                         | ${{ ssrc: 2 ** 32, base: 0, from: 0 }}
    ${['tracks', '0', 'layers', '0', 'run']}                         | ${{ ssrc: 1, base: 2 ** 48, from: 0 }}
    ${['tracks', '0', 'layers', '0', 'run']}                         | ${{ ssrc: 1, base: -1, from: 0 }}
    ${['tracks', '0', 'layers', '0', 'facts', 'parameterSets', '0']} | ${'A'.repeat(1340)}
    ${['tracks', '0', 'layers', '0', 'facts', 'parameterSets', '0']} | ${'no base64!'}
  `('do not allow $put at $path', ({ path, put }) => {
    expect(readMessage(written(withPlace(subscribed, path, put)))).toEqual({
      fault: expect.stringContaining('"subscribed"'),
    })
  })

  it('hold for what is written: 16 layers with all the parameter sets there can be', () => {
    const set = Buffer.alloc(1000, 7).toString('base64')
    const facts = {
      reordered: false,
      keyframeHasParameterSets: false,
      parameterSets: Array.from({ length: 8 }, () => set),
    }
    const layers = Array.from({ length: 8 }, (_, at) => ({ rid: `${at}`, offered: true, facts }))
    const message = withPlace(subscribed, ['tracks', '0', 'layers'], layers) as Message
    expect(writeMessage(message)).toBeUndefined()
    const fewer = withPlace(subscribed, ['tracks', '0', 'layers'], layers.slice(0, 5)) as Message
    expect(readMessage(writeMessage(fewer)!)).toEqual(fewer)
  })
})

describe('whatever comes', () => {
  const isRead = (text: string) => {
    const read = readMessage(text)
    const kinds = ['type', 'unknown', 'fault'].filter((key) => key in read)
    expect(kinds).toHaveLength(1)
    expect(written(read).length).toBeLessThanOrEqual(longestMessage)
    return read
  }

  it('as text, it is a message, an unknown type or a fault', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void isRead(text)))
  })

  it('as JSON, too, under any known type', () => {
    const type = fc.constantFrom(...Object.keys(messageSchemas))
    const anything = fc.dictionary(fc.string(), fc.jsonValue())
    fc.assert(
      fc.property(type, anything, fc.json(), (name, fields, json) => {
        isRead(json)
        isRead(written({ ...fields, type: name }))
      }),
    )
  })

  it('as a message with a place changed; and what is read is read again as it is', () => {
    const message = fc.constantFrom(...oneOfEach)
    fc.assert(
      fc.property(message, fc.nat(), fc.jsonValue(), (original, at, put) => {
        const all = places(original)
        const mutated = withPlace(original, all[at % all.length]!, put)
        const read = isRead(written(mutated) ?? '')
        if ('type' in read) expect(readMessage(writeMessage(read)!)).toEqual(read)
      }),
      { numRuns: 500 },
    )
  })

  it('as a message cut or spoilt in its text', () => {
    const message = fc.constantFrom(...oneOfEach)
    fc.assert(
      fc.property(message, fc.nat(), fc.string({ maxLength: 3 }), (original, at, spoilt) => {
        const text = written(original)
        const place = at % text.length
        isRead(text.slice(0, place))
        isRead(text.slice(0, place) + spoilt + text.slice(place + spoilt.length))
      }),
      { numRuns: 500 },
    )
  })
})

describe('the version of a connection', () => {
  it('is what this node speaks best, among nodes that are up to date', () => {
    expect(chooseVersion(spokenVersions, spokenVersions)).toBe(protocolVersion)
  })

  it.each`
    ours      | theirs    | version
    ${[1, 1]} | ${[1, 1]} | ${1}
    ${[1, 2]} | ${[1, 1]} | ${1}
    ${[1, 2]} | ${[2, 3]} | ${2}
    ${[2, 3]} | ${[1, 2]} | ${2}
    ${[1, 4]} | ${[2, 3]} | ${3}
    ${[1, 1]} | ${[2, 3]} | ${undefined}
    ${[3, 4]} | ${[1, 2]} | ${undefined}
    ${[1, 2]} | ${[4, 3]} | ${undefined}
  `('of $ours and $theirs is $version', ({ ours, theirs, version }) => {
    const range = ([oldest, newest]: [number, number]) => ({ oldest, newest })
    expect(chooseVersion(range(ours), range(theirs))).toBe(version)
  })
})
