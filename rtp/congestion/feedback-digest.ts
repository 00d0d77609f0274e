/** A packet that left under a transport-wide number. */
export interface NumberedPacket {
  /** Monotonic ms. */
  readonly at: number
  /** As sent, SRTP tag included. */
  readonly bytes: number
  /** Of the probe that it left in, 1–15; 0 or absent outside of any. */
  readonly cluster?: number
}

/**
 * What is known of the newest probe (BWE-56..58): all that reports have told of it so far. Times
 * of sending are monotonic ms, those of arrival ms of the receiver's clock; the two differ by a
 * constant that nobody knows.
 */
export interface ProbeTally {
  /** 1–15, and around again. */
  readonly cluster: number
  /** That arrived, as all that follows here. */
  readonly packets: number
  readonly bytes: number
  readonly firstSentAt: number
  readonly lastSentAt: number
  /** Of the packet that left last: its own time begins where the measured span ends. */
  readonly lastSentBytes: number
  readonly firstArrivedAt: number
  readonly lastArrivedAt: number
  /** Of the packet that came first: its own time lies before the measured span. */
  readonly firstArrivedBytes: number
}

/**
 * What one transport-wide feedback packet tells of the way to its sender, read against what was
 * sent. No packet is listed: the cost of a report does not grow with what it speaks of.
 */
export interface FeedbackDigest {
  /** Packets that are told to have arrived for the first time. */
  readonly received: number
  /**
   * Packets that are told to be lost for the first time, less those told to be lost before that
   * have arrived after all (BWE-4): it may be negative, but not by more than `received`.
   */
  readonly lost: number
  /** Bytes of the received ones, as sent. */
  readonly acknowledged: number
  /**
   * Bytes that left between what the report before spoke of and this one, and that none has told
   * of: a report was lost. They neither arrived nor are lost, as far as anybody knows.
   */
  readonly untold: number
  /**
   * When the newest arrived, in ms of the receiver's clock, which does not wrap. With `received`
   * 0 as in the report before, and 0 where there was none.
   */
  readonly arrivedAt: number
  /** Ms from the leaving of that packet to this report, which the receiver held back a while. */
  readonly roundTrip: number
  /** Ms that the newest packet waited more than the quickest of the last minute. */
  readonly queueing?: number
  /** Bytes per ms at which these packets came out of the link; absent when too few to tell. */
  readonly delivered?: number
  /**
   * Three numbers for each pair of complete groups (BWE-7..12), oldest first: ms from group to
   * group as sent, the same as arrived, and `arrivedAt` of the younger one. Borrowed until the
   * next report of this receiver.
   */
  readonly groups: Float64Array
  /** Pairs in `groups`, not numbers. */
  readonly groupCount: number
  /** Of the newest probe, if this report spoke of it. Borrowed as well. */
  readonly probe?: ProbeTally
}

/** Numbers of each pair in `FeedbackDigest.groups`. */
export const groupFields = 3
