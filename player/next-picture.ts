import { CatchUp } from './catch-up.ts'
import { nextFrame } from './next-frame.ts'
import { delay } from './page.ts'

/** For a picture to become live, in ms. A page that nobody sees is shown no frames to tell by. */
const patience = 7000

/**
 * A stream that plays unseen, beside the one that is shown, until it has caught up and can take its
 * place.
 */
export class NextPicture {
  readonly stream: MediaStream
  readonly #video = document.createElement('video')
  /** Resolves when it is live, or when that has been waited for long enough. */
  readonly live: Promise<void>

  /** @param screen is given an element too small to be seen: out of it no frame would be shown */
  constructor(stream: MediaStream, screen: HTMLElement) {
    this.stream = stream
    const video = this.#video
    video.muted = true
    video.playsInline = true
    Object.assign(video.style, { position: 'absolute', inset: '0 auto auto 0', width: '1px' })
    video.setAttribute('aria-hidden', 'true')
    video.srcObject = stream
    screen.append(video)
    video.play().catch(() => {})
    this.live = Promise.race([this.#caughtUp(), delay(patience)])
  }

  close(): void {
    this.#video.srcObject = null
    this.#video.remove()
  }

  async #caughtUp(): Promise<void> {
    const catchUp = new CatchUp()
    let isLive = false
    while (!isLive) {
      const frame = await nextFrame(this.#video)
      isLive = catchUp.shown(frame?.presentationTime ?? performance.now(), frame?.rtpTimestamp)
    }
  }
}
