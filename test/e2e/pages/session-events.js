import { WHEPClient } from '/whip-whep/whep.js'
import { MovingPicture } from './publish.js'
import { post, until } from './signalling.js'
import { View } from './view.js'

/** A viewer by whip-whep, with the events of its session and its choice of layer (IO-8). */
class EventfulView {
  #view
  #client
  #events = []

  static async open({ url, token }) {
    const peer = new RTCPeerConnection()
    const video = document.createElement('video')
    const stream = new MediaStream()
    video.autoplay = true
    video.srcObject = stream
    document.body.append(video)
    peer.addEventListener('track', ({ track }) => stream.addTrack(track))
    for (const kind of ['audio', 'video']) peer.addTransceiver(kind, { direction: 'recvonly' })
    const view = new EventfulView(new View(peer, video), new WHEPClient())
    view.#listen()
    await view.#client.view(peer, url, token)
    await until(
      () => view.#client.eventSource,
      5000,
      () => 'the client to open its EventSource',
    )
    return view
  }

  constructor(view, client) {
    this.#view = view
    this.#client = client
    view.leave = () => client.stop()
  }

  // The client opens its EventSource by itself, and hands on only what has no name. The first events
  // may come before anybody could have looked whether it is there.
  #listen() {
    let opened
    Object.defineProperty(this.#client, 'eventSource', {
      get: () => opened,
      set: (source) => {
        opened = source
        for (const name of ['active', 'inactive', 'layers', 'reconnect', 'viewercount']) {
          source?.addEventListener(name, ({ data }) => {
            this.#events.push({ name, data: JSON.parse(data) })
          })
        }
      },
    })
  }

  /** The first event of that name since the last call for it. */
  async event(name, timeoutMs) {
    const find = () => this.#events.findIndex((event) => event.name === name)
    await until(
      () => find() >= 0,
      timeoutMs,
      () => ({ wanted: name, events: this.#events }),
    )
    return this.#events.splice(find(), 1)[0].data
  }

  /** EventSource's `readyState`: 0 connecting, 1 open, 2 closed for good. */
  async sourceState(wanted, timeoutMs) {
    const state = () => this.#client.eventSource.readyState
    await until(
      () => state() === wanted,
      timeoutMs,
      () => ({ wanted, state: state() }),
    )
  }

  /** Layers that are sent now, by rid, and the one that is shown; as the last event told them. */
  layers() {
    const { data = {} } = this.#events.findLast(({ name }) => name === 'layers') ?? {}
    const layers = Object.values(data).flat()
    const sent = layers.filter(({ bitrate }) => bitrate > 0)
    return {
      widths: Object.fromEntries(sent.map(({ rid, width }) => [rid, width])),
      selected: layers.find(({ selected }) => selected)?.rid,
    }
  }

  /** Waits for a picture of this width, in pixels. */
  async width(wanted, timeoutMs) {
    await until(
      async () => (await this.#view.report()).width === wanted,
      timeoutMs,
      async () => ({ wanted, ...(await this.#view.report()) }),
    )
  }

  /** Status of the choice, which the client keeps to itself. */
  async select(layer) {
    const { layerUrl, token } = this.#client
    const headers = { 'content-type': 'application/json' }
    if (token !== undefined) headers.authorization = `Bearer ${token}`
    const body = JSON.stringify(layer)
    return (await fetch(layerUrl, { method: 'POST', headers, body })).status
  }

  selectByClient(layer) {
    return this.#client.selectLayer(layer)
  }

  unselectByClient() {
    return this.#client.unselectLayer()
  }

  firstFrame(timeoutMs) {
    return this.#view.firstFrame(timeoutMs)
  }

  report() {
    return this.#view.report()
  }

  moreFrames(...args) {
    return this.#view.moreFrames(...args)
  }

  close() {
    return this.#view.close({ remove: false })
  }
}

/** Simulcast by Chromium: the whole picture, half and a quarter of its sides. */
const encodings = [
  { rid: 'q', scaleResolutionDownBy: 4, maxBitrate: 150_000 },
  { rid: 'h', scaleResolutionDownBy: 2, maxBitrate: 400_000 },
  { rid: 'f', scaleResolutionDownBy: 1, maxBitrate: 1_000_000 },
]

async function publishLayers({ url, token, clock }) {
  const picture = new MovingPicture({ clock })
  const peer = new RTCPeerConnection()
  peer.addTransceiver(picture.stream.getVideoTracks()[0], {
    direction: 'sendonly',
    sendEncodings: encodings,
  })
  await peer.setLocalDescription()
  const { answer, session } = await post(url, peer.localDescription.sdp, { token })
  await peer.setRemoteDescription({ type: 'answer', sdp: answer })
  return {
    close: async () => {
      peer.close()
      await picture.close()
      await fetch(session, { method: 'DELETE' })
    },
  }
}

export const extension = (keep) => ({
  publishLayers: async (options) => keep(await publishLayers(options)),
  viewWithEvents: async (options) => keep(await EventfulView.open(options)),
})
