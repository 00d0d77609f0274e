/** The steps of a join, in order. Each is measured from the moment the POST was sent. */
export const joinPhases = ['answer', 'ice', 'dtls', 'firstPacket', 'keyframe', 'live'] as const

/**
 * - `answer`: the 201 was read
 * - `ice`: the first connectivity check was answered
 * - `dtls`: the SRTP keys were agreed
 * - `firstPacket`: the first RTP packet of the video was decrypted
 * - `keyframe`: no packet of a keyframe was missing any more: a picture can be shown
 * - `live`: and the replay had caught up: see `LiveEdge`
 */
export type JoinPhase = (typeof joinPhases)[number]

/** Milliseconds; a phase that was never reached is absent. */
export type JoinTimes = Readonly<Partial<Record<JoinPhase, number>>>

/** Media of one viewer, audio and video together. */
export interface ReceptionCounters {
  /** Without duplicates. */
  readonly packets: number
  readonly bytes: number
  /** Never came, nor by repair. */
  readonly lost: number
  /** Came after they had been asked for. */
  readonly repaired: number
  readonly duplicates: number
  /** Packets asked for again, each counted as often as asked. */
  readonly nacked: number
  readonly keyframeRequests: number
}

export interface ViewerResult {
  readonly join: JoinTimes
  readonly reception: ReceptionCounters
  /** Why the session ended before its time, or never began; undefined when all went well. */
  readonly failure: string | undefined
}
