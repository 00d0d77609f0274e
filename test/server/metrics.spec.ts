import { describe, expect, it } from 'vitest'
import { BoundedLabels } from '#server/bounded-labels.ts'
import { Metrics, type MetricsSnapshot } from '#server/metrics.ts'

const quiet: MetricsSnapshot = {
  tenants: [],
  plane: {
    sendErrors: 0,
    sendDrops: { late: 0, full: 0 },
    trainsRefused: 0,
    unheard: { media: 0, control: 0 },
    dropped: {
      'unknown-range': 0,
      'unknown-peer': 0,
      'too-short': 0,
      'too-long': 0,
      authentication: 0,
      replayed: 0,
      'unknown-ufrag': 0,
      'bad-integrity': 0,
      'unknown-path': 0,
      'too-often': 0,
    },
    received: { packets: 0, bytes: 0 },
    sent: { packets: 0, bytes: 0, retransmitted: 0, replayed: 0, probed: 0 },
  },
  sending: 'gso',
  threads: 2,
  viewersWithInexactProfile: 0,
  viewersPaused: 0,
  estimates: [],
  logBytes: 0,
}
const samples = async (metrics: Metrics, name: string) =>
  (await metrics.metricsText()).split('\n').filter((line) => line.startsWith(name))

describe('metrics', () => {
  it('show the snapshot of the moment, however often it is taken', async () => {
    let snapshot: MetricsSnapshot = {
      ...quiet,
      tenants: [
        { tenant: 'acme', streams: 2, publishers: 1, viewers: 7 },
        { tenant: 'default', streams: 1, publishers: 1, viewers: 0 },
      ],
      plane: {
        ...quiet.plane,
        received: { packets: 10, bytes: 1000 },
        sent: { packets: 70, bytes: 7000, retransmitted: 3, replayed: 20, probed: 5 },
      },
    }
    const metrics = new Metrics(() => snapshot)
    await metrics.metricsText()
    expect(await samples(metrics, 'tailrace_viewers{')).toEqual([
      'tailrace_viewers{tenant="acme"} 7',
      'tailrace_viewers{tenant="default"} 0',
    ])
    expect(await samples(metrics, 'tailrace_rtp_packets_total')).toEqual([
      'tailrace_rtp_packets_total{side="in"} 10',
      'tailrace_rtp_packets_total{side="out"} 70',
    ])
    expect(await samples(metrics, 'tailrace_rtp_retransmitted_total')).toEqual([
      'tailrace_rtp_retransmitted_total 3',
    ])
    snapshot = quiet
    expect(await samples(metrics, 'tailrace_viewers{')).toEqual([])
  })

  it('name every reason for which a datagram was dropped', async () => {
    const plane = { ...quiet.plane, dropped: { ...quiet.plane.dropped, authentication: 4 } }
    const metrics = new Metrics(() => ({ ...quiet, plane }))
    const lines = await samples(metrics, 'tailrace_datagrams_dropped_total')
    expect(lines).toHaveLength(10)
    expect(lines).toContain('tailrace_datagrams_dropped_total{reason="authentication"} 4')
  })

  it('name what did not leave, and why', async () => {
    const plane = {
      ...quiet.plane,
      sendErrors: 1,
      sendDrops: { late: 2, full: 3 },
      trainsRefused: 4,
      unheard: { media: 5, control: 6 },
    }
    const text = await new Metrics(() => ({ ...quiet, plane })).metricsText()
    for (const line of [
      'tailrace_send_errors_total 1',
      'tailrace_send_dropped_total{reason="late"} 2',
      'tailrace_send_dropped_total{reason="full"} 3',
      'tailrace_gso_refused_total 4',
      'tailrace_announcements_dropped_total{kind="media"} 5',
      'tailrace_announcements_dropped_total{kind="control"} 6',
    ]) {
      expect(text).toContain(`${line}\n`)
    }
  })

  it('show the rung on which media is sent', async () => {
    const metrics = new Metrics(() => quiet)
    expect(await samples(metrics, 'tailrace_media_')).toEqual([
      'tailrace_media_sending{rung="gso"} 1',
      'tailrace_media_threads 2',
    ])
  })

  it('count joins by phase, in seconds', async () => {
    const metrics = new Metrics(() => quiet)
    metrics.joinReached('first-packet', 180)
    metrics.joinReached('first-packet', 420)
    const lines = await samples(metrics, 'tailrace_join_seconds')
    expect(lines).toContain('tailrace_join_seconds_bucket{le="0.35",phase="first-packet"} 1')
    expect(lines).toContain('tailrace_join_seconds_sum{phase="first-packet"} 0.6')
  })

  it('count what happens', async () => {
    const metrics = new Metrics(() => quiet)
    metrics.sessionOpened('viewer')
    metrics.sessionEnded('viewer', 'timed-out')
    metrics.handshakeFailed('fingerprint')
    metrics.replayBegun('join')
    metrics.nacked('out', 5)
    metrics.keyframeRequested('in')
    const text = await metrics.metricsText()
    for (const line of [
      'tailrace_sessions_total{role="viewer"} 1',
      'tailrace_sessions_ended_total{role="viewer",reason="timed-out"} 1',
      'tailrace_handshake_failures_total{reason="fingerprint"} 1',
      'tailrace_replays_total{cause="join"} 1',
      'tailrace_nacked_packets_total{side="out"} 5',
      'tailrace_keyframe_requests_total{side="in"} 1',
    ]) {
      expect(text).toContain(`${line}\n`)
    }
  })

  it('make no more series than the bound, whatever the reasons', async () => {
    const metrics = new Metrics(() => quiet)
    for (let i = 0; i < 100; i++) metrics.handshakeFailed(`reason ${i}`)
    const lines = await samples(metrics, 'tailrace_handshake_failures_total')
    expect(lines).toHaveLength(33)
    expect(lines).toContain('tailrace_handshake_failures_total{reason="other"} 68')
  })

  it('are all named after us (DESIGN §15)', async () => {
    const names = (await new Metrics(() => quiet).metricsText()).match(/^[a-z]\w+/gm) ?? []
    expect(names.length).toBeGreaterThan(20)
    expect(names.filter((name) => !name.startsWith('tailrace_'))).toEqual([])
  })
})

describe('bounded labels', () => {
  it('keep the first values and call the rest "other"', () => {
    const labels = new BoundedLabels(2)
    expect(['a', 'b', 'c', 'a'].map((value) => labels.of(value))).toEqual(['a', 'b', 'other', 'a'])
  })
})
