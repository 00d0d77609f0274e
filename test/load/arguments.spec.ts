import { describe, expect, it } from 'vitest'
import { limits, parseLoadArguments, streamUrls, UsageError } from '#load/arguments.ts'

const whep = 'http://127.0.0.1:8080/whep/demo'
const parse = (line: string) => parseLoadArguments(line.split(' ').filter((word) => word !== ''))

const common = {
  token: undefined,
  json: undefined,
  insecure: false,
  ca: undefined,
  native: true,
}

describe('the command line', () => {
  it('views with sensible defaults', () => {
    expect(parse(`--url ${whep}`)).toEqual({
      kind: 'view',
      url: whep,
      ...common,
      viewers: 1,
      ramp: 10,
      duration: 15,
      storm: 0,
      churn: undefined,
      leave: undefined,
      follow: false,
      decrypt: undefined,
      pid: undefined,
      sample: undefined,
      thresholds: {
        joinP50: undefined,
        joinP95: undefined,
        liveP95: undefined,
        lossPercent: undefined,
        latencyP99: undefined,
        freezes: undefined,
        longestFreeze: undefined,
        troubles: undefined,
        cpuPerPacket: undefined,
        failures: 0,
      },
    })
  })

  it('takes every option of a publisher', () => {
    const line = `--publish --url http://h/whip/x --streams 2 --clip a.h264 --frame-rate 25
      --keyframe-interval 2 --duration 60 --token t --json out.json
      --layers 3 --bitrates 4000,900,300 --as browser`
    expect(parse(line.replaceAll('\n', ' '))).toEqual({
      kind: 'publish',
      ...common,
      urls: ['http://h/whip/x-1', 'http://h/whip/x-2'],
      token: 't',
      clip: 'a.h264',
      frameRate: 25,
      keyframeInterval: 2,
      layers: 3,
      bitrates: [4000, 900, 300],
      as: 'browser',
      duration: 60,
      json: 'out.json',
    })
  })

  it('takes every option of viewers', () => {
    const line = `--url ${whep} --viewers 300 --ramp 20 --storm 50 --churn 0.5 --decrypt 7 --pid 42
      --sample 5 --duration 3600 --insecure --ca ca.pem --no-native --max-latency-p99 8
      --max-freezes 0 --max-cpu-us 2.5`
    expect(parse(line.replaceAll('\n', ' '))).toMatchObject({
      viewers: 300,
      ramp: 20,
      storm: 50,
      churn: 0.5,
      leave: undefined,
      decrypt: 7,
      pid: 42,
      sample: 5,
      duration: 3600,
      insecure: true,
      ca: 'ca.pem',
      native: false,
      thresholds: { latencyP99: 8, freezes: 0, cpuPerPacket: 2.5 },
    })
  })

  it.each(['--help', '-h', `--url ${whep} --help`])('helps on "%s"', (line) => {
    expect(parse(line)).toEqual({ kind: 'help' })
  })

  it.each`
    line                                           | message
    ${''}                                          | ${'--url is missing: try --url http://127.0.0.1:8080/whep/demo'}
    ${'--publish'}                                 | ${'--url is missing: try --url http://127.0.0.1:8080/whip/demo'}
    ${'--url 127.0.0.1:8080'}                      | ${'--url 127.0.0.1:8080 is no http:// or https:// address'}
    ${'--url ftp://h/x'}                           | ${'--url ftp://h/x is no http:// or https:// address'}
    ${`--url ${whep} --viewers 0`}                 | ${`--viewers 0: give a number from 1 to ${limits.viewers}`}
    ${`--url ${whep} --viewers 1.5`}               | ${`--viewers 1.5: give a whole number from 1 to ${limits.viewers}`}
    ${`--url ${whep} --viewers many`}              | ${`--viewers many: give a number from 1 to ${limits.viewers}`}
    ${`--url ${whep} --viewers 1000000`}           | ${`--viewers 1000000: give a number from 1 to ${limits.viewers}`}
    ${`--url ${whep} --ramp 0`}                    | ${`--ramp 0: give a number from 0.1 to ${limits.ramp}`}
    ${`--url ${whep} --max-loss 101`}              | ${'--max-loss 101: give a number from 0 to 100'}
    ${`--url ${whep} --churn 1 --leave 1`}         | ${'--churn replaces who leaves and --leave does not: give one of them'}
    ${`--url ${whep} --viewers 3000 --storm 3000`} | ${'--viewers and --storm together may be 5000'}
    ${`--url ${whep} --churn 100 --duration 9999`} | ${'--churn 100 for 9999 s: 200000 may come in a run'}
    ${`--url ${whep} --sample 1 --duration 86400`} | ${'--sample 1: a run may have 20000 samples'}
    ${`--url ${whep} --max-cpu-us 2`}              | ${"--max-cpu-us needs --pid: the number of the server's process"}
    ${`--url ${whep} --max-troubles 0`}            | ${'--max-troubles needs --follow: without it a viewer fails with the first'}
    ${`--publish --url ${whep} --follow`}          | ${'--follow is for viewers: leave it out, or leave --publish out'}
    ${`--publish --url ${whep} --pid 2`}           | ${'--pid is for viewers: leave it out, or leave --publish out'}
    ${`--url ${whep} --streams 2`}                 | ${'--streams belongs to --publish: add that, or leave this out'}
    ${`--publish --url ${whep} --viewers 2`}       | ${'--viewers is for viewers: leave it out, or leave --publish out'}
    ${`--publish --url ${whep} --layers 5`}        | ${'--layers 5: give a number from 1 to 4'}
    ${`--publish --url ${whep} --bitrates 900,90`} | ${'--bitrates 900,90: give 1, one for each of --layers, from 20 to 50000'}
    ${`--publish --url ${whep} --bitrates x`}      | ${'--bitrates x: give 1, one for each of --layers'}
    ${`--publish --url ${whep} --as ffmpeg`}       | ${'--as ffmpeg: give one of obs, browser'}
    ${`--url ${whep} --token=`}                    | ${'--token is empty: give it a value, or leave it out'}
    ${`--url ${whep} --frobnicate`}                | ${"Unknown option '--frobnicate'. See --help."}
    ${`--url ${whep} stray`}                       | ${"Unexpected argument 'stray'. See --help."}
    ${'--url'}                                     | ${/--url.*argument missing.* See --help\.$/}
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
