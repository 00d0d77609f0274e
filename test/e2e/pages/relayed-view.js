import { View } from './view.js'

/*
 * A viewer that learns of relays as a WHEP player does: from the Link fields of the 201 (RFC 9725
 * §4.6), after which it gathers. It may use nothing but a relay unless told otherwise.
 */

function iceServers(link) {
  const found = link.matchAll(
    /<(turn:[^>]+)>; rel="ice-server"; username="(.*?)"; credential="(.*?)"/g,
  )
  return Array.from(found, ([, urls, username, credential]) => ({ urls, username, credential }))
}

export const extension = (keep) => ({
  viewByRelay: async ({ url, token, iceTransportPolicy = 'relay', ...options }) => {
    const click = performance.now()
    const peer = new RTCPeerConnection({ iceTransportPolicy })
    const stream = new MediaStream()
    peer.addEventListener('track', ({ track }) => stream.addTrack(track))
    for (const kind of ['audio', 'video']) peer.addTransceiver(kind, { direction: 'recvonly' })
    const video = document.createElement('video')
    video.autoplay = true
    video.srcObject = stream
    document.body.append(video)
    const view = new View(peer, video, options)
    view.times.click = click
    const offer = await peer.createOffer()
    const headers = { 'content-type': 'application/sdp' }
    if (token !== undefined) headers.authorization = `Bearer ${token}`
    view.times.posted = performance.now()
    const response = await fetch(url, { method: 'POST', headers, body: offer.sdp })
    const answer = await response.text()
    view.times.answered = performance.now()
    if (response.status !== 201) throw new Error(`POST ${url}: ${response.status} ${answer}`)
    view.session = new URL(response.headers.get('location'), url).href
    const servers = iceServers(response.headers.get('link'))
    peer.setConfiguration({ iceTransportPolicy, iceServers: servers })
    await peer.setLocalDescription(offer)
    await peer.setRemoteDescription({ type: 'answer', sdp: answer })
    return keep(view)
  },
})
