import { View } from './view.js'

/*
 * A viewer that may use nothing but a relay, and learns of it as a WHEP player does: from the Link
 * fields of the 201 (RFC 9725 §4.6), after which it gathers.
 */

function iceServers(link) {
  const found = link.matchAll(
    /<(turn:[^>]+)>; rel="ice-server"; username="(.*?)"; credential="(.*?)"/g,
  )
  return Array.from(found, ([, urls, username, credential]) => ({ urls, username, credential }))
}

export const extension = (keep) => ({
  viewByRelay: async ({ url, token }) => {
    const click = performance.now()
    const peer = new RTCPeerConnection({ iceTransportPolicy: 'relay' })
    const stream = new MediaStream()
    peer.addEventListener('track', ({ track }) => stream.addTrack(track))
    for (const kind of ['audio', 'video']) peer.addTransceiver(kind, { direction: 'recvonly' })
    const video = document.createElement('video')
    video.autoplay = true
    video.srcObject = stream
    document.body.append(video)
    const view = new View(peer, video)
    view.times.click = click
    const offer = await peer.createOffer()
    const headers = { 'content-type': 'application/sdp' }
    if (token !== undefined) headers.authorization = `Bearer ${token}`
    const response = await fetch(url, { method: 'POST', headers, body: offer.sdp })
    const answer = await response.text()
    if (response.status !== 201) throw new Error(`POST ${url}: ${response.status} ${answer}`)
    view.session = new URL(response.headers.get('location'), url).href
    const servers = iceServers(response.headers.get('link'))
    peer.setConfiguration({ iceTransportPolicy: 'relay', iceServers: servers })
    await peer.setLocalDescription(offer)
    await peer.setRemoteDescription({ type: 'answer', sdp: answer })
    view.path = async () => {
      const stats = await peer.getStats()
      const all = [...stats.values()]
      const { selectedCandidatePairId } = all.find(({ type }) => type === 'transport') ?? {}
      const local = stats.get(stats.get(selectedCandidatePairId)?.localCandidateId)
      return { candidateType: local?.candidateType, relayProtocol: local?.relayProtocol }
    }
    return keep(view)
  },
})
