import type { OpenedPlane } from '#native/open-plane.ts'
import type { Streams } from '#relay/streams.ts'
import type { MetricsSnapshot } from './metrics.ts'

/** What the gauges show: gathered when somebody asks, counted by nobody in between. */
export function metricsSnapshot(
  streams: Streams,
  { plane, sending, threads }: Pick<OpenedPlane, 'plane' | 'sending' | 'threads'>,
): MetricsSnapshot {
  const tenants = new Map<string, { streams: number; publishers: number; viewers: number }>()
  let logBytes = 0
  for (const { name, publication, viewers } of streams.list()) {
    const counts = tenants.get(name.tenant) ?? { streams: 0, publishers: 0, viewers: 0 }
    tenants.set(name.tenant, counts)
    counts.streams++
    counts.viewers += viewers.size
    if (publication) counts.publishers++
    for (const { log } of publication?.layers.all ?? []) logBytes += log.bytes
  }
  return {
    tenants: Array.from(tenants, ([tenant, counts]) => ({ tenant, ...counts })),
    plane: plane.statistics,
    sending,
    threads,
    ...viewersOf(streams),
    logBytes,
  }
}

/** Round trips of viewers, in ms, where congestion control measures them. */
export function roundTripsOf(streams: Streams): number[] {
  return streams
    .list()
    .flatMap(({ viewers }) => [...viewers])
    .map(({ adaptation }) => adaptation?.roundTrip)
    .filter((roundTrip) => roundTrip !== undefined)
}

function viewersOf(
  streams: Streams,
): Pick<MetricsSnapshot, 'viewersWithInexactProfile' | 'viewersPaused' | 'estimates'> {
  let viewersWithInexactProfile = 0
  let viewersPaused = 0
  const estimates: number[] = []
  for (const { exactProfile, adaptation } of streams.list().flatMap((one) => [...one.viewers])) {
    if (!exactProfile) viewersWithInexactProfile++
    if (adaptation?.paused) viewersPaused++
    if (adaptation?.active) estimates.push(adaptation.estimate)
  }
  return { viewersWithInexactProfile, viewersPaused, estimates }
}
