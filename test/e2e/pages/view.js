import { ClockReader } from './clock.js'
import { Heartbeat } from './heartbeat.js'
import {
  patchStatus,
  post,
  recordStates,
  restartIce,
  throughAddress,
  until,
  untilRestarted,
} from './signalling.js'

const heartbeat = new Heartbeat()
const wallClock = () => performance.timeOrigin + performance.now()

function shownVideo(peer) {
  const video = document.createElement('video')
  const stream = new MediaStream()
  video.autoplay = true
  video.srcObject = stream
  peer.addEventListener('track', ({ track }) => stream.addTrack(track))
  document.body.append(video)
  return video
}

/** One viewer: a connection, a `<video>`, and a record of every picture that was shown. */
export class View {
  /** Ms of `performance.now()`; `click` and `posted` are before the offer and before the POST. */
  times = {}
  states
  session
  /** Leaves in the way of the client that made the connection; by DELETE without. */
  leave
  #peer
  #video
  #options
  #clock
  #frames = 0
  #lastFrame
  #lastNumber
  #lastAge
  #longestGap = 0
  #longestFreeze = 0
  #gaps = []
  #unreadable = 0

  /**
   * @param options.url WHEP endpoint
   * @param options.clock geometry of the clock in the picture
   * @param options.scale what the clock's numbers mean
   * @param options.liveAge a picture no older than this many ms counts as live
   * @param options.through address of a proxy to use instead of the answer's candidates
   */
  static async open(options) {
    const click = performance.now()
    const peer = new RTCPeerConnection()
    const view = new View(peer, shownVideo(peer), options)
    view.times.click = click
    for (const kind of options.kinds ?? ['audio', 'video']) {
      peer.addTransceiver(kind, { direction: 'recvonly' })
    }
    try {
      await peer.setLocalDescription()
      view.times.posted = performance.now()
      const { answer, session } = await post(options.url, peer.localDescription.sdp, options)
      view.times.answered = performance.now()
      view.session = session
      const sdp = options.through ? throughAddress(answer, options.through) : answer
      await peer.setRemoteDescription({ type: 'answer', sdp })
      return view
    } catch (error) {
      await view.close()
      throw error
    }
  }

  /** A viewer that a publisher's offer reaches without a server between. */
  static async answer(offer, options) {
    const peer = new RTCPeerConnection()
    const view = new View(peer, shownVideo(peer), options)
    await peer.setRemoteDescription({ type: 'offer', sdp: offer })
    await peer.setLocalDescription()
    return { view, sdp: peer.localDescription.sdp }
  }

  constructor(peer, video, options = {}) {
    this.#peer = peer
    this.#video = video
    this.#options = options
    this.states = recordStates(peer)
    if (options.clock) this.#clock = new ClockReader(options.clock)
    const frame = (now) => {
      this.#show(now)
      video.requestVideoFrameCallback(frame)
    }
    video.requestVideoFrameCallback(frame)
  }

  #show() {
    const now = performance.now()
    this.times.firstFrame ??= now
    if (this.#lastFrame) this.#measureGap(now)
    this.#lastFrame = now
    this.#frames++
    if (!this.#clock) return
    const number = this.#clock.read(this.#video)
    if (number === undefined) this.#unreadable++
    else this.#tell(number)
  }

  #measureGap(now) {
    const gap = now - this.#lastFrame
    const stall = heartbeat.longestSince(this.#lastFrame)
    this.#longestGap = Math.max(this.#longestGap, gap)
    this.#longestFreeze = Math.max(this.#longestFreeze, gap - stall)
    if (gap > 200 && this.#gaps.length < 100) this.#gaps.push({ at: now, gap, stall })
  }

  #tell(number) {
    this.#lastNumber = number
    const scale = this.#options.scale
    if (!scale) return
    const { origin, tick, modulus } = scale
    const due = (wallClock() - origin) / tick
    const behind = (((due - number) % modulus) + modulus) % modulus
    this.#lastAge = behind * tick
    this.times.firstAge ??= this.#lastAge
    if (this.#lastAge <= (this.#options.liveAge ?? 300)) this.times.live ??= performance.now()
  }

  /** Another publisher, another meaning of the numbers. */
  setScale(scale) {
    this.#options = { ...this.#options, scale }
  }

  /** Counts gaps between pictures from now on. */
  mark() {
    this.#longestGap = 0
    this.#longestFreeze = 0
    this.#gaps = []
    this.#lastFrame = performance.now()
    this.#unreadable = 0
  }

  async report() {
    const stats = [...(await this.#peer.getStats()).values()]
    const inbound = (kind) => stats.find((s) => s.type === 'inbound-rtp' && s.kind === kind) ?? {}
    const video = inbound('video')
    const audio = inbound('audio')
    const codec = (id) => stats.find((s) => s.id === id)?.mimeType
    const pair = stats.find((s) => s.type === 'candidate-pair' && s.nominated)
    const remote = stats.find((s) => s.id === pair?.remoteCandidateId)
    const ongoing = this.#lastFrame ? performance.now() - this.#lastFrame : 0
    return {
      state: this.#peer.connectionState,
      states: this.states,
      times: this.times,
      timeOrigin: performance.timeOrigin,
      session: this.session,
      frames: this.#frames,
      width: this.#video.videoWidth,
      height: this.#video.videoHeight,
      longestGap: Math.max(this.#longestGap, ongoing),
      longestFreeze: this.#longestFreeze,
      gaps: this.#gaps,
      number: this.#lastNumber,
      age: this.#lastAge,
      unreadable: this.#unreadable,
      codec: codec(video.codecId),
      remoteAddress: remote?.address,
      transport: remote?.protocol,
      framesDecoded: video.framesDecoded ?? 0,
      framesDropped: video.framesDropped ?? 0,
      keyFramesDecoded: video.keyFramesDecoded ?? 0,
      freezeCount: video.freezeCount ?? 0,
      freezeSeconds: video.totalFreezesDuration ?? 0,
      packetsLost: video.packetsLost ?? 0,
      packetsReceived: video.packetsReceived ?? 0,
      nackCount: video.nackCount ?? 0,
      pliCount: video.pliCount ?? 0,
      audioLevel: audio.audioLevel ?? 0,
      audioEnergy: audio.totalAudioEnergy ?? 0,
      audioPackets: audio.packetsReceived ?? 0,
      concealedSamples: audio.concealedSamples ?? 0,
    }
  }

  /** How the media comes, as the selected pair of candidates says. */
  async path() {
    const stats = await this.#peer.getStats()
    const all = [...stats.values()]
    const { selectedCandidatePairId } = all.find(({ type }) => type === 'transport') ?? {}
    const local = stats.get(stats.get(selectedCandidatePairId)?.localCandidateId)
    return { candidateType: local?.candidateType, relayProtocol: local?.relayProtocol }
  }

  /** Waits for the first picture. */
  async firstFrame(timeoutMs) {
    await until(
      () => this.times.firstFrame !== undefined,
      timeoutMs,
      async () => ({
        wanted: 'a first picture',
        ...(await this.report()),
      }),
    )
    return this.report()
  }

  /** Waits until a picture no older than `liveAge` is shown. */
  async live(timeoutMs) {
    await until(
      () => this.times.live !== undefined,
      timeoutMs,
      async () => ({
        wanted: 'a live picture',
        ...(await this.report()),
      }),
    )
    return this.report()
  }

  /** Waits for `count` more pictures, and for a shape (width by height) where one is given. */
  async moreFrames(count, timeoutMs, { aspectRatio } = {}) {
    const start = this.#frames
    const shape = () => this.#video.videoWidth / this.#video.videoHeight
    const ready = () =>
      this.#frames >= start + count &&
      (aspectRatio === undefined || Math.abs(shape() - aspectRatio) < 0.05)
    await until(ready, timeoutMs, async () => ({
      wanted: `${count} more pictures than ${start}`,
      aspectRatio,
      ...(await this.report()),
    }))
    return this.report()
  }

  /** Waits until a tone is heard. */
  async sound(timeoutMs) {
    const start = await this.report()
    const ready = async () => {
      const now = await this.report()
      return now.audioEnergy > start.audioEnergy && now.audioLevel > 0.005
    }
    await until(ready, timeoutMs, async () => ({ wanted: 'sound', ...(await this.report()) }))
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
    await this.leave?.()
    this.#peer.close()
    this.#video.remove()
    if (remove && this.session) await fetch(this.session, { method: 'DELETE' })
  }
}
