import { describe, expect, it } from 'vitest'
import { parseConformanceArguments } from '#conformance/arguments.ts'
import { UsageError } from '#load/arguments.ts'

const parse = (line: string) => parseConformanceArguments(line.split(' '))

const usual = {
  kind: 'run',
  whip: undefined,
  whep: undefined,
  publishToken: undefined,
  playToken: undefined,
  report: undefined,
  rate: 4,
  timeout: 8,
  insecure: false,
  ca: undefined,
}

describe('the command line', () => {
  it('takes one endpoint, or both', () => {
    expect(parse('--whip http://a/x')).toEqual({ ...usual, whip: 'http://a/x' })
    expect(parse('--whep http://a/y --rate 2 --timeout 3')).toEqual({
      ...{ ...usual, whep: 'http://a/y', rate: 2, timeout: 3 },
    })
  })

  it('knows the endpoints of a server with our URLs', () => {
    const endpoints = { whip: 'http://a/whip/conformance', whep: 'http://a/whep/conformance' }
    expect(parse('--url http://a')).toEqual({ ...usual, ...endpoints })
    expect(parse('--url http://a/ --stream b')).toMatchObject({ whip: 'http://a/whip/b' })
  })

  it('takes one token for both, or one each', () => {
    expect(parse('--url http://a --token t')).toMatchObject({ publishToken: 't', playToken: 't' })
    const each = parse('--url http://a --publish-token p --play-token w')
    expect(each).toMatchObject({ publishToken: 'p', playToken: 'w' })
  })

  it.each`
    line                                | says
    ${'--insecure'}                     | ${'give --url http://127.0.0.1:8080, or --whip and --whep'}
    ${'--whip ftp://a'}                 | ${'--whip ftp://a is no http:// or https:// address'}
    ${'--url http://a --whep b:c'}      | ${'--whep b:c is no http:// or https:// address'}
    ${'--url http://a --whep http://a'} | ${'--url stands for both endpoints'}
    ${'--whip http://a --stream s'}     | ${'--stream belongs to --url'}
    ${'--url http://a --rate 0'}        | ${'--rate 0: give a number from 0.2 to 100'}
    ${'--url http://a --token='}        | ${'--token is empty'}
    ${'--uri http://a'}                 | ${"Unknown option '--uri'"}
  `('refuses $line', ({ line, says }) => {
    expect(() => parse(line)).toThrow(UsageError)
    expect(() => parse(line)).toThrow(says)
  })
})
