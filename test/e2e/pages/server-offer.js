import { View } from './view.js'

/*
 * A WHEP player for which the server makes the offer (draft-ietf-wish-whep §4.3.2): in place of
 * its own, or because it asks for one with an empty POST.
 */

async function send(method, url, { body, token }) {
  const headers = { 'content-type': 'application/sdp' }
  if (token !== undefined) headers.authorization = `Bearer ${token}`
  const response = await fetch(url, { method, headers, body })
  return {
    status: response.status,
    type: response.headers.get('content-type'),
    location: response.headers.get('location'),
    etag: response.headers.get('etag'),
    body: await response.text(),
  }
}

/** A viewer of what the peer receives; `track` events come with the server's offer. */
function viewOf(peer) {
  const video = document.createElement('video')
  const stream = new MediaStream()
  video.autoplay = true
  video.srcObject = stream
  peer.addEventListener('track', ({ track }) => stream.addTrack(track))
  document.body.append(video)
  return new View(peer, video)
}

/** @param options.without codecs that its answer does not list */
async function complete(peer, { offered, session, token, without = [] }) {
  await peer.setRemoteDescription({ type: 'offer', sdp: offered.body })
  for (const transceiver of peer.getTransceivers()) prefer(transceiver, without)
  await peer.setLocalDescription()
  const patched = await send('PATCH', session, { body: peer.localDescription.sdp, token })
  return { patched, setup: /a=setup:(\w+)/.exec(peer.localDescription.sdp)?.[1] }
}

function prefer(transceiver, without) {
  if (without.length === 0) return
  const { kind } = transceiver.receiver.track
  const { codecs } = RTCRtpReceiver.getCapabilities(kind)
  const kept = codecs.filter(({ mimeType }) => !without.includes(mimeType))
  if (kept.length > 0) transceiver.setCodecPreferences(kept)
}

export const extension = (keep) => {
  const join = async (posted, peer, view, { url, token, without }) => {
    view.session = new URL(posted.location, url).href
    const options = { offered: posted, session: view.session, token, without }
    const { patched, setup } = await complete(peer, options)
    return { id: keep(view), posted, patched, setup }
  }

  return {
    /** Offers without some codecs, and takes what the server offers in place of that. */
    viewByCounterOffer: async (options) => {
      const { url, token, lacking } = options
      const peer = new RTCPeerConnection()
      const view = viewOf(peer)
      for (const kind of ['audio', 'video']) {
        prefer(peer.addTransceiver(kind, { direction: 'recvonly' }), lacking)
      }
      await peer.setLocalDescription()
      const posted = await send('POST', url, { body: peer.localDescription.sdp, token })
      return await join(posted, peer, view, options)
    },

    /** Posts nothing, which asks for the server's offer. */
    viewByInvitation: async (options) => {
      const { url, token } = options
      const peer = new RTCPeerConnection()
      const view = viewOf(peer)
      const posted = await send('POST', url, { body: '', token })
      return await join(posted, peer, view, options)
    },
  }
}
