import type { LogClock } from '#native/media-plane.ts'

/**
 * Puts a publisher's tracks on our wall clock, once per epoch (DESIGN §6.5). The offset between
 * its NTP clock and ours is fixed by its first sender report and holds for all its tracks: what
 * it says about lip-sync reaches the viewers unchanged.
 */
export class PublisherClock {
  #offset: number | undefined

  /**
   * @param reported ms since the Unix epoch on the publisher's clock, from a sender report
   * @param arrived ms since the Unix epoch on ours
   */
  fromReport(rtpTimestamp: number, reported: number, arrived: number): LogClock {
    this.#offset ??= arrived - reported
    return { rtpTimestamp, wall: reported + this.#offset }
  }
}
