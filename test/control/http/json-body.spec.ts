import fc from 'fast-check'
import type { FastifyRequest } from 'fastify'
import { describe, expect, it } from 'vitest'
import { HttpError } from '#control/http/http-error.ts'
import { jsonOf } from '#control/http/json-body.ts'

const request = (body: string) =>
  ({ body, headers: { 'content-type': 'application/json' } }) as unknown as FastifyRequest
const outcome = (body: string) => {
  try {
    return jsonOf(request(body))
  } catch (error) {
    if (error instanceof HttpError) return error.statusCode
    throw error
  }
}

describe('JSON in a body (SEC-34)', () => {
  it.each`
    body                             | value
    ${' {"a": [1, "b"]} '}           | ${{ a: [1, 'b'] }}
    ${'{"a":"}{\\"a\\":1","b":":"}'} | ${{ a: '}{"a":1', b: ':' }}
    ${'[{"a":1},{"a":2}]'}           | ${[{ a: 1 }, { a: 2 }]}
    ${'{"a":{"a":{"a":{"a":1}}}}'}   | ${{ a: { a: { a: { a: 1 } } } }}
    ${'{"a":{"a":{"a":{"a":[]}}}}'}  | ${400}
    ${'{"a":1,"a":1}'}               | ${400}
    ${'{"a":1,"\\u0061":1}'}         | ${400}
    ${'{"b":{"a":1,"a":1}}'}         | ${400}
    ${'{"a":1'}                      | ${400}
    ${'nothing'}                     | ${400}
    ${' '}                           | ${400}
  `('$body is $value', ({ body, value }) => {
    expect(outcome(body)).toEqual(value)
  })

  it('is what it was written as, whatever its strings hold', () => {
    const value = fc.record({ a: fc.string(), b: fc.array(fc.jsonValue({ maxDepth: 1 })) })
    fc.assert(
      fc.property(value, (given) => {
        const text = JSON.stringify(given)
        expect(outcome(text)).toEqual(JSON.parse(text))
      }),
    )
  })

  it('is refused or read, never a bug', () => {
    const marks = fc.constantFrom(...'{}[]:,"\\ab1')
    fc.assert(
      fc.property(
        fc.array(marks).map((parts) => parts.join('')),
        (text) => {
          expect(() => outcome(text)).not.toThrow()
        },
      ),
    )
  })
})
