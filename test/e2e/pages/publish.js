import { drawClock } from './clock.js'
import {
  patchStatus,
  post,
  recordStates,
  restartIce,
  throughAddress,
  until,
  untilRestarted,
} from './signalling.js'

/** A clock in steps of 10 ms; the test reads it with the same numbers. */
const clockTick = 10
const clockModulus = 65_536

/** A canvas with a clock that moves, and a tone: something to publish. */
export class MovingPicture {
  #canvas = document.createElement('canvas')
  #sound = new AudioContext()
  #stream
  #timer

  /** @param clock its geometry also gives the picture's size */
  constructor({ clock, framesPerSecond = 30 }) {
    this.#canvas.width = clock.width
    this.#canvas.height = clock.height
    document.body.append(this.#canvas)
    const context = this.#canvas.getContext('2d')
    let number = 0
    const draw = () => drawPicture(context, clock, number++)
    draw()
    this.#timer = setInterval(draw, 1000 / framesPerSecond)
    const tone = this.#sound.createOscillator()
    const out = this.#sound.createMediaStreamDestination()
    tone.connect(out)
    tone.start()
    this.#stream = new MediaStream([
      ...out.stream.getAudioTracks(),
      ...this.#canvas.captureStream(framesPerSecond).getVideoTracks(),
    ])
  }

  /** One track of sound, one of pictures. */
  get stream() {
    return this.#stream
  }

  async close() {
    clearInterval(this.#timer)
    this.#canvas.remove()
    await this.#sound.close()
  }
}

/** What a reader needs to know the age of a picture. */
export const clockScale = { origin: 0, tick: clockTick, modulus: clockModulus }

/** One publisher: a moving picture and a connection. */
export class Publication {
  states
  session
  #peer = new RTCPeerConnection()
  #picture

  /**
   * @param options.url WHIP endpoint
   * @param options.codec `VP8`, `H264`, `VP9` or `AV1`
   * @param options.clock geometry of the clock, which also gives the picture's size
   * @param options.through address of a proxy to use instead of the answer's candidates
   */
  static async open(options) {
    const publication = new Publication(options)
    try {
      await publication.#open(options)
      return publication
    } catch (error) {
      await publication.close()
      throw error
    }
  }

  constructor(options) {
    this.states = recordStates(this.#peer)
    this.#picture = new MovingPicture(options)
  }

  async #open(options) {
    const { stream } = this.#picture
    this.#peer.addTransceiver(stream.getAudioTracks()[0], { direction: 'sendonly' })
    const video = this.#peer.addTransceiver(stream.getVideoTracks()[0], { direction: 'sendonly' })
    video.setCodecPreferences(codecsLed(options.codec))
    await this.#peer.setLocalDescription()
    const { answer, session } = await post(options.url, this.#peer.localDescription.sdp, options)
    this.session = session
    const sdp = options.through ? throughAddress(answer, options.through) : answer
    await this.#peer.setRemoteDescription({ type: 'answer', sdp })
  }

  async report() {
    const stats = [...(await this.#peer.getStats()).values()]
    const video = stats.find((s) => s.type === 'outbound-rtp' && s.kind === 'video') ?? {}
    return {
      state: this.#peer.connectionState,
      states: this.states,
      session: this.session,
      codec: stats.find((s) => s.id === video.codecId)?.mimeType,
      qualityLimitation: video.qualityLimitationReason,
      framesEncoded: video.framesEncoded ?? 0,
      keyFramesEncoded: video.keyFramesEncoded ?? 0,
      pliCount: video.pliCount ?? 0,
      nackCount: video.nackCount ?? 0,
    }
  }

  /** Waits until pictures leave. */
  async sending(timeoutMs) {
    const ready = async () => (await this.report()).framesEncoded > 5
    await until(ready, timeoutMs, async () => ({ wanted: 'pictures', ...(await this.report()) }))
    return this.report()
  }

  /** Restarts ICE in mid-session; done when media is on the new path. */
  async restart(timeoutMs) {
    const { etag, fragment, ufrag } = await restartIce(this.#peer, this.session)
    await untilRestarted(this.#peer, ufrag, timeoutMs)
    return { etag, fragment }
  }

  /** Status of a PATCH with this tag, or none. */
  patch(ifMatch) {
    return patchStatus(this.session, ifMatch)
  }

  async state(wanted, timeoutMs) {
    await until(
      () => this.states.some(({ state }) => state === wanted),
      timeoutMs,
      () => ({
        wanted,
        states: this.states,
      }),
    )
  }

  async close({ remove = true } = {}) {
    this.#peer.close()
    await this.#picture.close()
    if (remove && this.session) await fetch(this.session, { method: 'DELETE' })
  }
}

function codecsLed(name) {
  const { codecs } = RTCRtpSender.getCapabilities('video')
  const wanted = codecs.filter(({ mimeType }) => mimeType === `video/${name}`)
  if (wanted.length === 0) throw new Error(`this browser does not send ${name}`)
  return [...wanted, ...codecs.filter(({ mimeType }) => /rtx|red|ulpfec/.test(mimeType))]
}

// Stripes that wander and a square that travels; the clock on top.
function drawPicture(context, clock, number) {
  const { width, height } = clock
  for (let y = 0; y < height; y += 8) {
    context.fillStyle = `hsl(${(y + number * 4) % 360} 60% 50%)`
    context.fillRect(0, y, width, 8)
  }
  context.fillStyle = '#fff'
  context.fillRect((number * 5) % width, height / 2, height / 8, height / 8)
  const now = performance.timeOrigin + performance.now()
  drawClock(context, clock, Math.floor(now / clockTick) % clockModulus)
}
