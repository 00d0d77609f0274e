/** Packets that come together from a publisher. */
export interface Arrival {
  readonly kind: 'audio' | 'video'
  /** Ms from the start. */
  readonly at: number
  readonly packets: number
  /** Bytes of RTP payload. */
  readonly payload: number
  /** The last of a frame: its marker bit is set. */
  readonly last: boolean
}

export const packetsPerFrame = 9
export const frameInterval = 1000 / 30
const videoPayload = 1100
const audioPayload = 120
const audioInterval = 20

/** How the packets of a frame come: as OBS sends them, or as Chromium's pacer does. */
export type Spread = 'at once' | 'paced'

/** A picture of about 2.4 Mbit/s alone: 30 frames of nine packets a second. */
export function videoArrivals(frames: number, spread: Spread = 'at once'): Arrival[] {
  const arrivals: Arrival[] = []
  const kind = 'video'
  for (let frame = 0; frame < frames; frame++) {
    const at = frame * frameInterval
    if (spread === 'at once') {
      arrivals.push({ kind, at, packets: packetsPerFrame, payload: videoPayload, last: true })
      continue
    }
    for (let i = 0; i < packetsPerFrame; i++) {
      const later = (i * frameInterval) / packetsPerFrame
      const last = i === packetsPerFrame - 1
      arrivals.push({ kind, at: at + later, packets: 1, payload: videoPayload, last })
    }
  }
  return arrivals
}

/** With sound: 320 packets a second in all. */
export function mediaArrivals(seconds: number, spread: Spread): Arrival[] {
  const arrivals = videoArrivals(seconds * 30, spread)
  for (let at = 7; at < seconds * 1000; at += audioInterval) {
    arrivals.push({ kind: 'audio', at, packets: 1, payload: audioPayload, last: true })
  }
  return arrivals.sort((a, b) => a.at - b.at)
}
