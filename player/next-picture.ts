import { CatchUp } from './catch-up.ts'
import { nextFrame } from './next-frame.ts'
import { delay } from './page.ts'

/** For a picture to become live, in ms. */
const patience = 7000

/**
 * A stream that plays unseen, beside the one that is shown, until it has caught up and can take its
 * place.
 */
export class NextPicture {
  readonly stream: MediaStream
  readonly #video = document.createElement('video')
  /** Resolves with true when it is live, with false when it was waited for long enough. */
  readonly live: Promise<boolean>

  /**
   * @param screen is given an element too small to be seen: out of it no frame would be shown
   * @param signal ends the wait for it
   */
  constructor(stream: MediaStream, screen: HTMLElement, signal: AbortSignal) {
    this.stream = stream
    const video = this.#video
    video.muted = true
    video.playsInline = true
    Object.assign(video.style, { position: 'absolute', inset: '0 auto auto 0', width: '1px' })
    video.setAttribute('aria-hidden', 'true')
    video.srcObject = stream
    screen.append(video)
    video.play().catch(() => {})
    this.live = Promise.race([this.#caughtUp(), delay(patience, signal).then(() => false)])
  }

  close(): void {
    this.#video.srcObject = null
    this.#video.remove()
  }

  async #caughtUp(): Promise<true> {
    const catchUp = new CatchUp()
    let isLive = false
    while (!isLive) {
      const frame = await nextFrame(this.#video)
      isLive = catchUp.shown(frame?.presentationTime ?? performance.now(), frame?.rtpTimestamp)
    }
    return true
  }
}
