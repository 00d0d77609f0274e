import { describe, expect, it } from 'vitest'
import { limits, parseLoadArguments, streamUrls, UsageError } from '#load/arguments.ts'

const whep = 'http://127.0.0.1:8080/whep/demo'
const parse = (line: string) => parseLoadArguments(line.split(' ').filter((word) => word !== ''))

describe('the command line', () => {
  it('views with sensible defaults', () => {
    expect(parse(`--url ${whep}`)).toEqual({
      kind: 'view',
      url: whep,
      token: undefined,
      viewers: 1,
      ramp: 10,
      duration: 15,
      json: undefined,
      thresholds: {
        joinP50: undefined,
        joinP95: undefined,
        liveP95: undefined,
        lossPercent: undefined,
        failures: 0,
      },
    })
  })

  it('takes every option of a publisher', () => {
    const line = `--publish --url http://h/whip/x --streams 2 --clip a.h264 --frame-rate 25
      --keyframe-interval 2 --duration 60 --token t --json out.json`
    expect(parse(line.replaceAll('\n', ' '))).toEqual({
      kind: 'publish',
      urls: ['http://h/whip/x-1', 'http://h/whip/x-2'],
      token: 't',
      clip: 'a.h264',
      frameRate: 25,
      keyframeInterval: 2,
      duration: 60,
      json: 'out.json',
    })
  })

  it.each(['--help', '-h', `--url ${whep} --help`])('helps on "%s"', (line) => {
    expect(parse(line)).toEqual({ kind: 'help' })
  })

  it.each`
    line                                     | message
    ${''}                                    | ${'--url is missing: try --url http://127.0.0.1:8080/whep/demo'}
    ${'--publish'}                           | ${'--url is missing: try --url http://127.0.0.1:8080/whip/demo'}
    ${'--url 127.0.0.1:8080'}                | ${'--url 127.0.0.1:8080 is no http:// or https:// address'}
    ${'--url ftp://h/x'}                     | ${'--url ftp://h/x is no http:// or https:// address'}
    ${`--url ${whep} --viewers 0`}           | ${`--viewers 0: give a number from 1 to ${limits.viewers}`}
    ${`--url ${whep} --viewers 1.5`}         | ${`--viewers 1.5: give a whole number from 1 to ${limits.viewers}`}
    ${`--url ${whep} --viewers many`}        | ${`--viewers many: give a number from 1 to ${limits.viewers}`}
    ${`--url ${whep} --viewers 1000000`}     | ${`--viewers 1000000: give a number from 1 to ${limits.viewers}`}
    ${`--url ${whep} --ramp 0`}              | ${`--ramp 0: give a number from 0.1 to ${limits.ramp}`}
    ${`--url ${whep} --max-loss 101`}        | ${'--max-loss 101: give a number from 0 to 100'}
    ${`--url ${whep} --streams 2`}           | ${'--streams belongs to --publish: add that, or leave this out'}
    ${`--publish --url ${whep} --viewers 2`} | ${'--viewers is for viewers: leave it out, or leave --publish out'}
    ${`--url ${whep} --token=`}              | ${'--token is empty: give it a value, or leave it out'}
    ${`--url ${whep} --frobnicate`}          | ${"Unknown option '--frobnicate'. See --help."}
    ${`--url ${whep} stray`}                 | ${"Unexpected argument 'stray'. See --help."}
    ${'--url'}                               | ${/--url.*argument missing.* See --help\.$/}
  `('says what is wrong with "$line"', ({ line, message }) => {
    expect(() => parse(line)).toThrow(UsageError)
    expect(() => parse(line)).toThrow(message)
  })
})

describe('URLs of several streams', () => {
  it.each`
    url                      | streams | urls
    ${'http://h/whip/a'}     | ${1}    | ${['http://h/whip/a']}
    ${'http://h/whip/a'}     | ${2}    | ${['http://h/whip/a-1', 'http://h/whip/a-2']}
    ${'http://h/whip/a?k=v'} | ${2}    | ${['http://h/whip/a-1?k=v', 'http://h/whip/a-2?k=v']}
    ${'http://h/s{n}/whip'}  | ${2}    | ${['http://h/s1/whip', 'http://h/s2/whip']}
    ${'http://h/s%7Bn%7D/x'} | ${1}    | ${['http://h/s1/x']}
  `('$url for $streams', ({ url, streams, urls }) => {
    expect(streamUrls(url, streams)).toEqual(urls)
  })
})
