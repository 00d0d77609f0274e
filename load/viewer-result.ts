/** The steps of a join, in order. Each is measured from the moment the POST was sent. */
export const joinPhases = ['answer', 'ice', 'dtls', 'firstPacket', 'keyframe', 'live'] as const

/**
 * - `answer`: the 201 was read
 * - `ice`: the first connectivity check was answered
 * - `dtls`: the SRTP keys were agreed
 * - `firstPacket`: the first RTP packet of the video came, and the keys were there
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
  /** Of whole RTP packets, headers and SRTP tags included. */
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

/** The video of one viewer, or of several together. */
export interface PictureCounters {
  readonly frames: number
  readonly wholeFrames: number
  readonly freezes: number
  /** In ms. */
  readonly longestFreeze: number
  /** All freezes together, in ms. */
  readonly frozen: number
}

/** What is summed over all viewers at any time. */
export interface Totals {
  readonly packets: number
  readonly bytes: number
  readonly lost: number
  readonly freezes: number
}

/** Which part of a run a viewer belongs to. */
export type Cohort = 'ramp' | 'storm' | 'churn'

/** A time in which a viewer's picture stood still. */
export interface SeenInterruption {
  /** Ms since the Unix epoch. */
  readonly at: number
  readonly ms: number
  /**
   * - `stall`: the session went on, and its frames did not
   * - `moved`: the server asked the viewer to go to another node
   * - `lost`: the session had ended, or could not be saved
   */
  readonly cause: 'stall' | 'moved' | 'lost'
}

/** What a viewer was told that nobody likes to be told: that its connection was lost, or a no. */
export interface Trouble {
  /** Ms since the Unix epoch. */
  readonly at: number
  readonly what: string
}

/** How a viewer fared that goes from session to session. */
export interface FollowingResult {
  /** That it had, one after the other. */
  readonly sessions: number
  readonly interruptions: readonly SeenInterruption[]
  readonly troubles: readonly Trouble[]
}

export interface ViewerResult {
  readonly cohort: Cohort
  readonly join: JoinTimes
  readonly reception: ReceptionCounters
  readonly picture: PictureCounters
  /** Interarrival jitter of the video, or of the sound without one (RFC 3550 §6.4.1), in ms. */
  readonly jitter: number | undefined
  /** Whether every packet was decrypted. */
  readonly decrypted: boolean
  /** Packets that were to be decrypted, and could not be. */
  readonly undecryptable: number
  /** Why the session ended before its time, or never began; undefined when all went well. */
  readonly failure: string | undefined
  /** With `--follow`. */
  readonly following?: FollowingResult | undefined
}

export const nothingReceived: ReceptionCounters = {
  packets: 0,
  bytes: 0,
  lost: 0,
  repaired: 0,
  duplicates: 0,
  nacked: 0,
  keyframeRequests: 0,
}

export const nothingSeen: PictureCounters = {
  frames: 0,
  wholeFrames: 0,
  freezes: 0,
  longestFreeze: 0,
  frozen: 0,
}

/** A viewer's sessions as one: times of the first, sums, and the state of the last. */
export function withSession(
  before: ViewerResult | undefined,
  session: ViewerResult | undefined,
): ViewerResult | undefined {
  if (!before || !session) return session ?? before
  return {
    ...session,
    join: before.join,
    reception: sumOf(before.reception, session.reception),
    picture: {
      ...sumOf(before.picture, session.picture),
      longestFreeze: Math.max(before.picture.longestFreeze, session.picture.longestFreeze),
    },
    undecryptable: before.undecryptable + session.undecryptable,
  }
}

function sumOf<T extends object>(one: T, other: T): T {
  const names = Object.keys(one) as (keyof T)[]
  return Object.fromEntries(
    names.map((name) => [name, (one[name] as number) + (other[name] as number)]),
  ) as T
}
