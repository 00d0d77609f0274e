import { CatchUp } from './catch-up.ts'
import { nextFrame } from './next-frame.ts'
import { delay } from './page.ts'

export interface PictureEvents {
  /** @param at ms of `performance.now()` at which the first frame was handed to the screen */
  firstFrame(at: number): void
  /** The picture is live; until then it runs to catch up with the time of the join. */
  live(at: number): void
}

/** For the first frame of a stream that takes another's place, in ms: a hidden page shows none. */
const handover = 1000

/**
 * The video element and a still image above it. A join begins with the seconds since the last
 * keyframe, sent faster than live: the first frame is held until they have passed, because a
 * picture in fast motion helps nobody.
 */
export class Picture {
  readonly #video: HTMLVideoElement
  readonly #still: HTMLCanvasElement
  #showing: MediaStream | undefined

  constructor(video: HTMLVideoElement, still: HTMLCanvasElement) {
    this.#video = video
    this.#still = still
  }

  show(stream: MediaStream, events: PictureEvents): void {
    this.#showing = stream
    this.#video.srcObject = stream
    // Refused only where even a silent video needs a click; the button for sound starts it too.
    this.#video.play().catch(() => {})
    if ('requestVideoFrameCallback' in this.#video) this.#follow(stream, events)
    else this.#followRoughly(stream, events)
  }

  /**
   * Goes on with a stream that is live already, in the same element: it may be on the whole screen,
   * and has its viewer's volume.
   *
   * @returns when it is seen
   */
  async replace(stream: MediaStream): Promise<void> {
    this.hold()
    this.#showing = stream
    const video = this.#video
    video.srcObject = stream
    video.play().catch(() => {})
    await Promise.race([nextFrame(video), delay(handover)])
    this.release()
  }

  /** Covers the video with what it shows now, until another picture is live. */
  hold(): void {
    if (this.#video.videoWidth === 0) return
    this.#still.width = this.#video.videoWidth
    this.#still.height = this.#video.videoHeight
    this.#still.getContext('2d')?.drawImage(this.#video, 0, 0)
    this.#still.hidden = false
  }

  /** Uncovers the video, whatever it shows. */
  release(): void {
    this.#still.hidden = true
  }

  #follow(stream: MediaStream, events: PictureEvents): void {
    const catchUp = new CatchUp()
    let first = true
    const frame = (
      _now: number,
      { presentationTime, rtpTimestamp }: VideoFrameCallbackMetadata,
    ) => {
      if (stream !== this.#showing) return
      const live = catchUp.shown(presentationTime, rtpTimestamp)
      if (first) {
        first = false
        events.firstFrame(presentationTime)
        if (!live) this.hold()
      }
      if (live) {
        this.#still.hidden = true
        events.live(presentationTime)
      } else {
        this.#video.requestVideoFrameCallback(frame)
      }
    }
    this.#video.requestVideoFrameCallback(frame)
  }

  #followRoughly(stream: MediaStream, events: PictureEvents): void {
    const loaded = () => {
      if (stream !== this.#showing) return
      this.#still.hidden = true
      events.firstFrame(performance.now())
      events.live(performance.now())
    }
    this.#video.addEventListener('loadeddata', loaded, { once: true })
  }
}
