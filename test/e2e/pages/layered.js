import { MovingPicture } from './publish.js'
import { post, until } from './signalling.js'
import { View } from './view.js'

/** A viewer that chooses among layers, hears of them, and keeps the size of every picture. */
class LayeredView {
  #view
  #video
  #session
  #events
  #layers = {}
  #pictures = []
  #chosenAt = 0

  static async open(options) {
    const view = new LayeredView(await View.open(options))
    view.#listen()
    return view
  }

  constructor(view) {
    this.#view = view
    this.#video = document.querySelector('video:last-of-type')
    const show = (_now, { width, height }) => {
      this.#pictures.push({ at: performance.now(), width, height })
      this.#video.requestVideoFrameCallback(show)
    }
    this.#video.requestVideoFrameCallback(show)
  }

  #listen() {
    this.#session = this.#view.session
    this.#events = new EventSource(`${this.#session}/sse`)
    this.#events.addEventListener('layers', ({ data }) => {
      this.#layers = JSON.parse(data)
    })
  }

  /** As the last event told them. */
  layers() {
    return Object.values(this.#layers).flat()
  }

  /** @param layer body of the POST (WHEP-100) @returns its status */
  async select(layer) {
    this.#chosenAt = this.#pictures.length
    const headers = { 'content-type': 'application/json' }
    const body = JSON.stringify(layer)
    return (await fetch(`${this.#session}/layer`, { method: 'POST', headers, body })).status
  }

  /**
   * Waits for a picture of this width.
   *
   * @returns how many pictures were shown since `select`, that one included
   */
  async shows(width, timeoutMs) {
    let place = this.#chosenAt
    const found = () => {
      while (place < this.#pictures.length && this.#pictures[place].width !== width) place++
      return place < this.#pictures.length
    }
    await until(found, timeoutMs, async () => ({
      wanted: width,
      since: this.#pictures.length - this.#chosenAt,
      ...(await this.report()),
    }))
    return place - this.#chosenAt + 1
  }

  /** Shows `count` pictures more. @returns what was seen of them, and what the receiver counted */
  async over(count, timeoutMs) {
    await this.#view.mark()
    const before = await this.report()
    const start = this.#pictures.length
    await this.#view.moreFrames(count, timeoutMs)
    const after = await this.report()
    const shown = this.#pictures.slice(start)
    const since = (name) => after[name] - before[name]
    return {
      framesPerSecond: ((shown.length - 1) * 1000) / (shown.at(-1).at - shown[0].at),
      widths: [...new Set(shown.map(({ width }) => width))],
      pictures: shown.length,
      unreadable: after.unreadable,
      longestFreeze: after.longestFreeze,
      framesDecoded: since('framesDecoded'),
      keyFramesDecoded: since('keyFramesDecoded'),
      framesDropped: since('framesDropped'),
      freezeCount: since('freezeCount'),
      nackCount: since('nackCount'),
      pliCount: since('pliCount'),
      packetsLost: since('packetsLost'),
    }
  }

  mark() {
    return this.#view.mark()
  }

  report() {
    return this.#view.report()
  }

  firstFrame(timeoutMs) {
    return this.#view.firstFrame(timeoutMs)
  }

  moreFrames(...args) {
    return this.#view.moreFrames(...args)
  }

  close() {
    this.#events.close()
    return this.#view.close()
  }
}

/** A publisher of several encodings, or of one with several layers. */
class LayeredPublication {
  #peer = new RTCPeerConnection()
  #picture
  #session
  #sender

  static async open(options) {
    const publication = new LayeredPublication(options)
    await publication.#open(options)
    return publication
  }

  constructor(options) {
    this.#picture = new MovingPicture(options)
  }

  async #open({ url, token, codec, encodings }) {
    const [track] = this.#picture.stream.getVideoTracks()
    const video = this.#peer.addTransceiver(track, {
      direction: 'sendonly',
      sendEncodings: encodings,
    })
    this.#sender = video.sender
    const { codecs } = RTCRtpSender.getCapabilities('video')
    const wanted = codecs.filter(({ mimeType }) => mimeType === `video/${codec}`)
    video.setCodecPreferences([...wanted, ...codecs.filter(({ mimeType }) => /rtx/.test(mimeType))])
    await this.#peer.setLocalDescription()
    const { answer, session } = await post(url, this.#peer.localDescription.sdp, { token })
    this.#session = session
    await this.#peer.setRemoteDescription({ type: 'answer', sdp: answer })
  }

  /** What leaves, by rid (`''` where there is none). */
  async report() {
    const stats = [...(await this.#peer.getStats()).values()]
    const sent = stats.filter(({ type, kind }) => type === 'outbound-rtp' && kind === 'video')
    return Object.fromEntries(
      sent.map((one) => [
        one.rid ?? '',
        {
          active: one.active,
          width: one.frameWidth,
          framesPerSecond: one.framesPerSecond,
          framesEncoded: one.framesEncoded,
          keyFramesEncoded: one.keyFramesEncoded,
          nackCount: one.nackCount,
          pliCount: one.pliCount,
          bytesSent: one.bytesSent,
          scalabilityMode: one.scalabilityMode,
          implementation: one.encoderImplementation,
          limitation: one.qualityLimitationReason,
        },
      ]),
    )
  }

  /** Whether the encoding of that rid is sent. */
  async setActive(rid, active) {
    const parameters = this.#sender.getParameters()
    for (const encoding of parameters.encodings) if (encoding.rid === rid) encoding.active = active
    await this.#sender.setParameters(parameters)
  }

  answer() {
    return this.#peer.remoteDescription.sdp
  }

  async close() {
    this.#peer.close()
    await this.#picture.close()
    await fetch(this.#session, { method: 'DELETE' })
  }
}

export const extension = (keep) => ({
  publishLayered: async (options) => keep(await LayeredPublication.open(options)),
  viewLayered: async (options) => keep(await LayeredView.open(options)),
})
