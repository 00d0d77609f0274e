import { describe, expect, it } from 'vitest'
import { ifMatchHolds } from '#control/http/if-match.ts'

describe('If-Match (RFC 9110 §13.1.1)', () => {
  it.each`
    field              | holds    | why
    ${'"a"'}           | ${true}  | ${'the same strong tag'}
    ${'"x", "a" ,"y"'} | ${true}  | ${'one of a list'}
    ${'*'}             | ${true}  | ${'any'}
    ${'"*"'}           | ${true}  | ${'any, as RFC 9725 §4.3.3 prints it'}
    ${'"b"'}           | ${false} | ${'another tag'}
    ${'W/"a"'}         | ${false} | ${'a weak tag, which never matches'}
    ${'a'}             | ${false} | ${'no tag at all, for want of quotes'}
    ${''}              | ${false} | ${'nothing'}
  `('$field against "a": $holds, being $why', ({ field, holds }) => {
    expect(ifMatchHolds(field, '"a"')).toBe(holds)
  })
})
