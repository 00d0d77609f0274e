import { describe, expect, it } from 'vitest'
import { ReceptionStatistics } from '#rtp/reception-statistics.ts'
import { readStream, recordings } from '#test/support/rtpdump.ts'

/** Packets of a stream of 20 ms frames at 48 kHz, each as far behind its time as the first. */
function received(...sequenceNumbers: readonly number[]): ReceptionStatistics {
  const statistics = new ReceptionStatistics(7, 48_000)
  receive(statistics, ...sequenceNumbers)
  return statistics
}

function receive(statistics: ReceptionStatistics, ...sequenceNumbers: readonly number[]): void {
  for (const n of sequenceNumbers) statistics.receive(n, (n * 960) >>> 0, n * 20)
}

describe('loss (RFC 3550 §A.3)', () => {
  it.each`
    what                           | numbers                 | fractionLost | cumulativeLost | highest
    ${'nothing lost'}              | ${[1, 2, 3, 4]}         | ${0}         | ${0}           | ${4}
    ${'one of four lost'}          | ${[1, 2, 4]}            | ${64}        | ${1}           | ${4}
    ${'one late'}                  | ${[1, 3, 2, 4]}         | ${0}         | ${0}           | ${4}
    ${'one twice'}                 | ${[1, 2, 2]}            | ${0}         | ${-1}          | ${2}
    ${'a wrap'}                    | ${[65534, 65535, 0, 2]} | ${51}        | ${1}           | ${0x10002}
    ${'one from before the first'} | ${[10, 9, 11]}          | ${0}         | ${0}           | ${11}
    ${'a start at 0'}              | ${[0, 1]}               | ${0}         | ${0}           | ${1}
  `('reports $what', ({ numbers, fractionLost, cumulativeLost, highest }) => {
    expect(received(...numbers).report(0)).toMatchObject({
      ssrc: 7,
      fractionLost,
      cumulativeLost,
      highestSequence: highest,
    })
  })

  it('tells the fraction since the last report, the total since the beginning', () => {
    const statistics = received(1, 3)
    statistics.report(0)
    receive(statistics, 4, 5, 6, 7)
    expect(statistics.report(0)).toMatchObject({ fractionLost: 0, cumulativeLost: 1 })
    receive(statistics, 9)
    expect(statistics.report(0)).toMatchObject({ fractionLost: 128, cumulativeLost: 2 })
  })

  it('says no fraction where an interval brought more than it should', () => {
    const statistics = received(1, 4)
    statistics.report(0)
    receive(statistics, 2, 3)
    expect(statistics.report(0)).toMatchObject({ fractionLost: 0, cumulativeLost: 0 })
  })

  it('has no report before the first packet', () => {
    expect(new ReceptionStatistics(7, 48_000).report(0)).toBeUndefined()
  })

  it('ignores one packet from far away, and starts anew with a second (§A.1)', () => {
    const statistics = received(1, 2, 20_000, 3)
    expect(statistics.report(0)).toMatchObject({ cumulativeLost: 0, highestSequence: 3 })
    receive(statistics, 30_000, 30_001, 30_002)
    expect(statistics.report(0)).toMatchObject({
      fractionLost: 0,
      cumulativeLost: 0,
      highestSequence: 30_002,
    })
  })
})

describe('jitter (RFC 3550 §A.8)', () => {
  it('is a sixteenth of each change in transit time', () => {
    const statistics = new ReceptionStatistics(7, 48_000)
    statistics.receive(1, 0, 1000)
    statistics.receive(2, 960, 1030) // 10 ms late: 480 ticks
    expect(statistics.jitter).toBe(30)
    statistics.receive(3, 1920, 1050)
    expect(statistics.jitter).toBe(30 - 30 / 16)
  })

  it('passes over a packet out of order', () => {
    const statistics = received(1, 2, 4)
    statistics.receive(3, 3 * 960, 500)
    expect(statistics.jitter).toBe(0)
  })

  it('passes the wrap of the timestamp', () => {
    const statistics = new ReceptionStatistics(7, 90_000)
    statistics.receive(1, 0xffffffff, 0)
    statistics.receive(2, 2999, 1000 / 30)
    expect(statistics.jitter).toBeCloseTo(0, 6)
  })

  it('takes a jump of the clock for no jitter', () => {
    const statistics = received(1)
    statistics.receive(2, 48_000 * 60, 40)
    expect(statistics.jitter).toBe(0)
  })
})

describe('echo of sender reports (RFC 3550 §6.4.1)', () => {
  it('is none before there was one', () => {
    expect(received(1).report(0)).toMatchObject({
      lastSenderReport: 0,
      delaySinceLastSenderReport: 0,
    })
  })

  it('says how long ago it came, in 1/65536 s', () => {
    const statistics = received(1)
    statistics.receiveSenderReport(0xb7052000, 1000)
    expect(statistics.report(6250)).toMatchObject({
      lastSenderReport: 0xb7052000,
      delaySinceLastSenderReport: 0x00054000, // 5.25 s, the figure of §6.4.1
    })
  })
})

const streams = recordings.flatMap(({ name, streams: all }) =>
  all.map((stream) => ({ name, ...stream })),
)

describe('recorded streams have no loss', () => {
  it.each(streams)('$codec of $name, SSRC $ssrc', ({ name, ssrc, codec, packets, lastSeq }) => {
    const statistics = new ReceptionStatistics(ssrc, codec === 'OPUS' ? 48_000 : 90_000)
    for (const { ms, packet } of readStream(name, ssrc)) {
      statistics.receive(packet.sequenceNumber, packet.timestamp, ms)
    }
    const report = statistics.report(0)
    expect(report).toMatchObject({ fractionLost: 0, cumulativeLost: 0 })
    expect(report!.highestSequence & 0xffff).toBe(lastSeq)
    expect(statistics.packetsReceived).toBe(packets)
  })
})
