import type { MediaPlane } from '#native/media-plane.ts'
import type { Stream } from './stream.ts'
import type { Viewer } from './viewer.ts'

/** One viewer as `/api/v1/viewers/…` tells it. What is not known is left out. */
export interface ViewerStatus {
  /** Counts the peers of this process; it names nobody. */
  readonly id: number
  /** 'paused': the link carries not even the smallest layer, so there is sound only. */
  readonly picture: 'waiting' | 'replaying' | 'live' | 'paused'
  /** What is sent now. */
  readonly layer?: { readonly rid?: string; readonly width?: number; readonly height?: number }
  /** Bits per second that the link is believed to carry, sound excluded: of streams with layers. */
  readonly estimate?: number
  readonly roundTripMs?: number
  /** 0–1, of what was reported last. */
  readonly lossFraction?: number
  /** Video packets since it joined. */
  readonly packets: number
  readonly retransmitted: number
  /** Of these, sent to learn what the link carries. */
  readonly probed: number
}

/** Viewers told of at most: the list is for looking at, the metrics are for counting. */
const mostListed = 1000

/** The viewers of a stream, the longest there first. */
export function viewerStatuses(stream: Stream, plane: MediaPlane): ViewerStatus[] {
  const viewers = Array.from(stream.viewers).slice(0, mostListed)
  return viewers.map((viewer) => viewerStatus(viewer, plane))
}

function viewerStatus(viewer: Viewer, plane: MediaPlane): ViewerStatus {
  const { peer, video, adaptation } = viewer
  if (!video) return { id: peer, picture: 'waiting', packets: 0, retransmitted: 0, probed: 0 }
  const { packets, retransmitted, probed } = plane.trackStatistics(video.id)
  const { rid, inspector } = video.layer ?? {}
  const { width, height } = inspector?.facts ?? {}
  return {
    id: peer,
    picture: adaptation?.paused ? 'paused' : video.state,
    ...(video.layer && {
      layer: {
        ...(rid !== undefined && { rid }),
        ...(width !== undefined && { width }),
        ...(height !== undefined && { height }),
      },
    }),
    ...(adaptation?.active && {
      estimate: Math.round(adaptation.estimate),
      ...(adaptation.roundTrip !== undefined && { roundTripMs: Math.round(adaptation.roundTrip) }),
      lossFraction: adaptation.lossFraction,
    }),
    packets,
    retransmitted,
    probed,
  }
}
