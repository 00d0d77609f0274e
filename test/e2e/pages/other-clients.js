import { WebRTCPlayer, WHIPClient } from '/bundles/eyevinn.js'
import { WHEPClient } from '/whip-whep/whep.js'
import { WHIPClient as MedoozeWhipClient } from '/whip-whep/whip.js'
import { MovingPicture } from './publish.js'
import { until } from './signalling.js'
import { View } from './view.js'

/*
 * Other people's clients, as their packages bring them. Each is watched by the same `View`, or
 * kept as a session that only closes.
 */

function shownVideo(stream) {
  const video = document.createElement('video')
  video.autoplay = true
  if (stream) video.srcObject = stream
  document.body.append(video)
  return video
}

export const extension = (keep) => ({
  /** `whip-whep` by Medooze: trickles by PATCH with If-Match. */
  publishByWhipWhep: async ({ url, token, clock }) => {
    const picture = new MovingPicture({ clock })
    const peer = new RTCPeerConnection()
    for (const track of picture.stream.getTracks()) {
      peer.addTransceiver(track, { direction: 'sendonly' })
    }
    const client = new MedoozeWhipClient()
    await client.publish(peer, url, token)
    return keep({
      close: async () => {
        await client.stop()
        await picture.close()
      },
    })
  },

  viewByWhipWhep: async ({ url, token }) => {
    const peer = new RTCPeerConnection()
    const stream = new MediaStream()
    peer.addEventListener('track', ({ track }) => stream.addTrack(track))
    for (const kind of ['audio', 'video']) peer.addTransceiver(kind, { direction: 'recvonly' })
    const view = new View(peer, shownVideo(stream))
    const client = new WHEPClient()
    await client.view(peer, url, token)
    view.leave = () => client.stop()
    view.session = client.resourceURL
    view.restartByClient = () => client.restart()
    return keep(view)
  },

  /** `@eyevinn/whip-web-client`: OPTIONS first, PATCH with the tag in a header named ETag. */
  publishByEyevinn: async ({ url, token, clock, noTrickleIce = false }) => {
    const picture = new MovingPicture({ clock })
    const client = new WHIPClient({
      endpoint: url,
      opts: { authkey: token, noTrickleIce, iceServers: [] },
    })
    await client.setIceServersFromEndpoint()
    await client.ingest(picture.stream)
    await client.getResourceUrl()
    return keep({
      close: async () => {
        await client.destroy()
        await picture.close()
      },
    })
  },

  /**
   * `@eyevinn/webrtc-player`: the raw token as Authorization, a PATCH only for an answer. It makes
   * another peer for each thing that it tries.
   *
   * @param options.remote what the server's last word is: `answer`, or `offer` after a 400
   * @param options.sections how many of them
   */
  viewByEyevinn: async ({ url, token, remote = 'answer', sections = 2 }) => {
    const video = shownVideo()
    const player = new WebRTCPlayer({ video, type: 'whep', iceServers: [] })
    await player.load(new URL(url), token)
    const settled = () => {
      const { remoteDescription, signalingState } = player.peer
      const count = remoteDescription?.sdp.match(/^m=/gm)?.length
      return signalingState === 'stable' && remoteDescription?.type === remote && count === sections
    }
    await until(settled, 10_000, () => 'the player to agree with the server')
    const view = new View(player.peer, video)
    view.leave = () => player.destroy()
    return keep(view)
  },
})
