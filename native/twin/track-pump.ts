import type { MediaPlaneListener } from '#native/media-plane.ts'
import type { OutgoingTrack } from './outgoing-track.ts'

/** Keeps tracks going that do not send as packets come: in a replay, behind their pace, probing. */
export class TrackPump {
  readonly #listener: Pick<MediaPlaneListener, 'caughtUp' | 'starved'>
  readonly #started: (track: OutgoingTrack) => void
  readonly #tracks = new Set<OutgoingTrack>()

  /** @param started called when the first packet of a track has left */
  constructor(
    listener: Pick<MediaPlaneListener, 'caughtUp' | 'starved'>,
    started: (track: OutgoingTrack) => void,
  ) {
    this.#listener = listener
    this.#started = started
  }

  /** It has something to send. @param now monotonic ms */
  add(track: OutgoingTrack, now: number): void {
    this.#tracks.add(track)
    this.#pump(track, now)
  }

  remove(track: OutgoingTrack): void {
    this.#tracks.delete(track)
  }

  /** A packet of its log was stored. */
  deliver(track: OutgoingTrack, index: number): void {
    const first = !track.hasSent
    track.deliver(index)
    if (first && track.hasSent) this.#started(track)
    if (track.needsPump) this.#tracks.add(track)
  }

  turn(now: number): void {
    for (const track of this.#tracks) this.#pump(track, now)
  }

  #pump(track: OutgoingTrack, now: number): void {
    const first = !track.hasSent
    const pumped = track.pump(now)
    if (first && track.hasSent) this.#started(track)
    if (!track.needsPump) this.#tracks.delete(track)
    if (pumped === 'caught up') this.#listener.caughtUp(track.id)
    else if (pumped === 'starved') this.#listener.starved(track.id)
  }
}
