import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { nearestRank } from '#core/nearest-rank.ts'
import type { DropReason, PlaneStatistics } from '#native/media-plane.ts'
import type { Sending } from '#native/open-plane.ts'
import type { LayerSwitch, RelayObserver, ReplayCause, Side } from '#relay/observer.ts'
import type { JoinPhase } from '#relay/stream-status.ts'
import { BoundedLabels } from './bounded-labels.ts'

/** Taken once per scrape. Counts marked "total" only grow while the process lives. */
export interface MetricsSnapshot {
  readonly tenants: readonly {
    readonly tenant: string
    /** Streams known, live or not. */
    readonly streams: number
    readonly publishers: number
    readonly viewers: number
  }[]
  /** Totals of the media plane; repairs and replays are among what was sent. */
  readonly plane: Omit<PlaneStatistics, 'datagramsReceived' | 'datagramsSent'>
  /** The rung of the ladder on which media leaves. */
  readonly sending: Sending
  /** Native threads that send; 0 in TypeScript. */
  readonly threads: number
  /** Viewers that got an H264 profile other than the stream's, for want of an exact one. */
  readonly viewersWithInexactProfile: number
  /** Bits per second that viewers' links are believed to carry, where that is estimated. */
  readonly estimates: readonly number[]
  /** Viewers whose link carries no picture now. */
  readonly viewersPaused: number
  /** Held by the packet logs now. */
  readonly logBytes: number
  /** Totals of the audit log. */
  readonly records?: {
    readonly written: number
    /** Events that had no room while the disk failed or could not keep up. */
    readonly lost: number
    /** Writes that failed. */
    readonly failures: number
  }
}

export type Role = 'publisher' | 'viewer'

/** Seconds. The promise is 0.35 and 0.5 (DESIGN §1), so the steps are fine around them. */
const joinBuckets = [0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.75, 1, 1.5, 2.5, 5]

/** Past these a label's values are counted as "other" (MET-61). */
const mostTenants = 1000
const mostReasons = 32

/** The numbers of this process for Prometheus, in a registry of its own. */
export class Metrics implements RelayObserver {
  /** Others may have numbers of their own here. */
  readonly registry = new Registry()
  readonly #snapshot: () => MetricsSnapshot
  readonly #tenants = new BoundedLabels(mostTenants)
  readonly #endings = new BoundedLabels(mostReasons)
  readonly #failures = new BoundedLabels(mostReasons)

  readonly #perTenant = {
    streams: this.#gauge('tailrace_streams', 'Streams known, live or not', ['tenant']),
    publishers: this.#gauge('tailrace_publishers', 'Publishers connected', ['tenant']),
    viewers: this.#gauge('tailrace_viewers', 'Viewers connected', ['tenant']),
  }
  readonly #logBytes = this.#gauge('tailrace_log_bytes', 'Media held by the packet logs')
  readonly #sending = this.#gauge('tailrace_media_sending', 'How media is sent: 1 for its rung', [
    'rung',
  ])
  readonly #threads = this.#gauge('tailrace_media_threads', 'Native threads that send media')
  readonly #inexact = this.#gauge(
    'tailrace_viewers_inexact_profile',
    'Viewers sent an H264 profile that they did not offer exactly',
  )

  readonly #estimates = this.#gauge(
    'tailrace_viewer_estimate_bits_per_second',
    'What viewers’ links are believed to carry, by the rank of the viewer',
    ['quantile'],
  )
  readonly #paused = this.#gauge(
    'tailrace_viewers_paused',
    'Viewers whose link carries not even the smallest layer: they get sound only',
  )

  readonly #packets = this.#counter('tailrace_rtp_packets_total', 'RTP packets', ['side'])
  readonly #bytes = this.#counter('tailrace_rtp_bytes_total', 'RTP bytes', ['side'])
  readonly #retransmitted = this.#counter('tailrace_rtp_retransmitted_total', 'Packets repeated')
  readonly #replayed = this.#counter('tailrace_rtp_replayed_total', 'Packets sent by replays')
  readonly #probed = this.#counter(
    'tailrace_rtp_probed_total',
    'Packets repeated to learn what a viewer’s link carries',
  )
  readonly #dropped = this.#counter('tailrace_datagrams_dropped_total', 'Refused on receive', [
    'reason',
  ])
  readonly #sendErrors = this.#counter('tailrace_send_errors_total', 'Datagrams that did not leave')

  readonly #sendDrops = this.#counter(
    'tailrace_send_dropped_total',
    'Packets not sent: too late for their viewer, or the socket stayed full',
    ['reason'],
  )
  readonly #trainsRefused = this.#counter(
    'tailrace_gso_refused_total',
    'Segmented trains that a path refused, sent as single datagrams instead',
  )
  readonly #unheard = this.#counter(
    'tailrace_announcements_dropped_total',
    'What the media threads had to tell and nobody took in time',
    ['kind'],
  )

  readonly #records = this.#counter('tailrace_audit_records_total', 'Audit records by their fate', [
    'outcome',
  ])

  readonly #totals = [
    this.#packets,
    this.#bytes,
    this.#retransmitted,
    this.#replayed,
    this.#probed,
    this.#dropped,
    this.#sendErrors,
    this.#sendDrops,
    this.#trainsRefused,
    this.#unheard,
    this.#records,
  ]

  readonly #opened = this.#counter('tailrace_sessions_total', 'Sessions made', ['role'])
  readonly #ended = this.#counter('tailrace_sessions_ended_total', 'Sessions ended', [
    'role',
    'reason',
  ])
  readonly #handshakes = this.#counter('tailrace_handshake_failures_total', 'DTLS that failed', [
    'reason',
  ])
  readonly #replays = this.#counter('tailrace_replays_total', 'Replays begun', ['cause'])
  readonly #switches = this.#counter(
    'tailrace_layer_switches_total',
    'Viewers given another layer, or none, as their links changed',
    ['way'],
  )
  readonly #nacked = this.#counter('tailrace_nacked_packets_total', 'Packets asked for again', [
    'side',
  ])
  readonly #keyframes = this.#counter('tailrace_keyframe_requests_total', 'PLI and FIR', ['side'])
  readonly #joins = new Histogram({
    name: 'tailrace_join_seconds',
    help: 'From the arrival of the POST to each step of a join',
    labelNames: ['phase'],
    buckets: joinBuckets,
    registers: [this.registry],
  })

  constructor(snapshot: () => MetricsSnapshot) {
    this.#snapshot = snapshot
    collectDefaultMetrics({ register: this.registry, prefix: 'tailrace_' })
  }

  sessionOpened(role: Role): void {
    this.#opened.inc({ role })
  }

  sessionEnded(role: Role, reason: string): void {
    this.#ended.inc({ role, reason: this.#endings.of(reason) })
  }

  handshakeFailed(reason: string): void {
    this.#handshakes.inc({ reason: this.#failures.of(reason) })
  }

  /** @param elapsed ms since the POST arrived */
  joinReached(phase: JoinPhase, elapsed: number): void {
    this.#joins.observe({ phase }, elapsed / 1000)
  }

  replayBegun(cause: ReplayCause): void {
    this.#replays.inc({ cause })
  }

  layerSwitched(way: LayerSwitch): void {
    this.#switches.inc({ way })
  }

  nacked(side: Side, packets: number): void {
    this.#nacked.inc({ side }, packets)
  }

  keyframeRequested(side: Side): void {
    this.#keyframes.inc({ side })
  }

  get contentType(): string {
    return this.registry.contentType
  }

  /** The exposition format of Prometheus. */
  metricsText(): Promise<string> {
    this.#take(this.#snapshot())
    return this.registry.metrics()
  }

  // Totals that are counted elsewhere are set by starting again from nothing.
  #take(now: MetricsSnapshot): void {
    const { plane } = now
    for (const total of this.#totals) total.reset()
    this.#takeTenants(now.tenants)
    this.#logBytes.set(now.logBytes)
    for (const [outcome, count] of Object.entries(now.records ?? {})) {
      this.#records.inc({ outcome }, count)
    }
    this.#sending.set({ rung: now.sending }, 1)
    this.#threads.set(now.threads)
    this.#inexact.set(now.viewersWithInexactProfile)
    this.#paused.set(now.viewersPaused)
    this.#takeEstimates(now.estimates)
    for (const [side, traffic] of [
      ['in', plane.received],
      ['out', plane.sent],
    ] as const) {
      this.#packets.inc({ side }, traffic.packets)
      this.#bytes.inc({ side }, traffic.bytes)
    }
    this.#retransmitted.inc(plane.sent.retransmitted)
    this.#replayed.inc(plane.sent.replayed)
    this.#probed.inc(plane.sent.probed)
    this.#sendErrors.inc(plane.sendErrors)
    this.#sendDrops.inc({ reason: 'late' }, plane.sendDrops.late)
    this.#sendDrops.inc({ reason: 'full' }, plane.sendDrops.full)
    this.#trainsRefused.inc(plane.trainsRefused)
    this.#unheard.inc({ kind: 'media' }, plane.unheard.media)
    this.#unheard.inc({ kind: 'control' }, plane.unheard.control)
    for (const [reason, count] of Object.entries(plane.dropped) as [DropReason, number][]) {
      this.#dropped.inc({ reason }, count)
    }
  }

  #takeEstimates(estimates: readonly number[]): void {
    this.#estimates.reset()
    const sorted = estimates.toSorted((a, b) => a - b)
    for (const quantile of [0.1, 0.5, 0.9]) {
      const value = nearestRank(sorted, quantile)
      if (value !== undefined) this.#estimates.set({ quantile: String(quantile) }, value)
    }
  }

  // From nothing each time, so that a tenant that has left does not keep its last number; and
  // by adding, since several tenants may share the label "other".
  #takeTenants(tenants: MetricsSnapshot['tenants']): void {
    for (const gauge of Object.values(this.#perTenant)) gauge.reset()
    for (const counts of tenants) {
      const labels = { tenant: this.#tenants.of(counts.tenant) }
      this.#perTenant.streams.inc(labels, counts.streams)
      this.#perTenant.publishers.inc(labels, counts.publishers)
      this.#perTenant.viewers.inc(labels, counts.viewers)
    }
  }

  #gauge(name: string, help: string, labelNames: string[] = []): Gauge {
    return new Gauge({ name, help, labelNames, registers: [this.registry] })
  }

  #counter(name: string, help: string, labelNames: string[] = []): Counter {
    return new Counter({ name, help, labelNames, registers: [this.registry] })
  }
}
