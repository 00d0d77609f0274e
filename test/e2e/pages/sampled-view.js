import { Heartbeat } from './heartbeat.js'
import { post } from './signalling.js'

const heartbeat = new Heartbeat()
/** Ms since 1970: what happens to the line is told by another process's clock. */
const wall = () => performance.timeOrigin + performance.now()
const interval = 200

/** A viewer that keeps every picture's moment and size, and what the receiver counts. */
class SampledView {
  #peer
  #session
  #timer
  #pictures = []
  #samples = []
  #last

  static async open({ url }) {
    const peer = new RTCPeerConnection()
    const view = new SampledView(peer)
    for (const kind of ['audio', 'video']) peer.addTransceiver(kind, { direction: 'recvonly' })
    await peer.setLocalDescription()
    const { answer, session } = await post(url, peer.localDescription.sdp)
    view.#session = session
    await peer.setRemoteDescription({ type: 'answer', sdp: answer })
    return view
  }

  constructor(peer) {
    this.#peer = peer
    const video = document.createElement('video')
    video.autoplay = true
    video.muted = true
    video.srcObject = new MediaStream()
    peer.addEventListener('track', ({ track }) => video.srcObject.addTrack(track))
    document.body.append(video)
    const show = (_now, { width, height }) => {
      this.#show(width, height)
      video.requestVideoFrameCallback(show)
    }
    video.requestVideoFrameCallback(show)
    this.#timer = setInterval(() => void this.#sample(), interval)
  }

  #show(width, height) {
    const now = performance.now()
    const since = this.#last ?? now
    // While the machine gave the page no time, a picture that stood still is no fault of media.
    const gap = now - since
    this.#pictures.push([wall(), width, height, gap, Math.min(gap, heartbeat.longestSince(since))])
    this.#last = now
  }

  async #sample() {
    const stats = [...(await this.#peer.getStats()).values()]
    const video = stats.find(({ type, kind }) => type === 'inbound-rtp' && kind === 'video')
    const pair = stats.find(({ type, nominated }) => type === 'candidate-pair' && nominated)
    if (!video) return
    this.#samples.push({
      at: wall(),
      framesDecoded: video.framesDecoded ?? 0,
      keyFramesDecoded: video.keyFramesDecoded ?? 0,
      width: video.frameWidth ?? 0,
      height: video.frameHeight ?? 0,
      freezeCount: video.freezeCount ?? 0,
      freezeSeconds: video.totalFreezesDuration ?? 0,
      packetsLost: video.packetsLost ?? 0,
      nackCount: video.nackCount ?? 0,
      pliCount: video.pliCount ?? 0,
      bytesReceived: pair?.bytesReceived ?? 0,
    })
  }

  /** What has come since the last call. */
  take() {
    return { pictures: this.#pictures.splice(0), samples: this.#samples.splice(0), until: wall() }
  }

  async close() {
    clearInterval(this.#timer)
    this.#peer.close()
    if (this.#session) await fetch(this.#session, { method: 'DELETE' })
  }
}

export const extension = (keep) => ({
  sampledView: async (options) => keep(await SampledView.open(options)),
})
