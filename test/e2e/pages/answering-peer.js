/*
 * The other side of a page's offer, in the server's stead: a peer of the same browser that shows
 * a moving picture, or takes what it is sent.
 */

const peers = new Map()
let still = false

globalThis.answering = {
  /** Answers an offer; of a viewer's it sends a picture, of a publisher's it takes all. */
  async answer(id, offer) {
    const peer = new RTCPeerConnection()
    peers.set(id, peer)
    await peer.setRemoteDescription({ type: 'offer', sdp: offer })
    const wanted = peer.getTransceivers().find((one) => {
      return one.receiver.track.kind === 'video' && /a=recvonly/.test(offer)
    })
    if (wanted) {
      await wanted.sender.replaceTrack(movingPicture())
      wanted.direction = 'sendonly'
    }
    await peer.setLocalDescription()
    await new Promise((resolve) => {
      const check = () => peer.iceGatheringState === 'complete' && resolve()
      peer.addEventListener('icegatheringstatechange', check)
      check()
    })
    return peer.localDescription.sdp
  },

  async addCandidates(id, fragment) {
    for (const line of fragment.split('\r\n').filter((text) => text.startsWith('a=candidate:'))) {
      await peers.get(id).addIceCandidate({ candidate: line.slice(2), sdpMLineIndex: 0 })
    }
  },

  /** Stops or moves every picture. */
  hold(on) {
    still = on
  },

  hangUp(id) {
    peers.get(id)?.close()
    peers.delete(id)
  },

  /** Frames decoded of what a publisher sends. */
  async framesDecoded(id) {
    const report = await peers.get(id).getStats()
    const video = [...report.values()].find((one) => {
      return one.type === 'inbound-rtp' && one.kind === 'video'
    })
    return video?.framesDecoded ?? 0
  },
}

function movingPicture() {
  const canvas = document.createElement('canvas')
  canvas.width = 640
  canvas.height = 360
  const context = canvas.getContext('2d')
  let number = 0
  setInterval(() => {
    if (still) return
    context.fillStyle = `hsl(${number++ % 360} 80% 50%)`
    context.fillRect(0, 0, canvas.width, canvas.height)
  }, 33)
  return canvas.captureStream(30).getVideoTracks()[0]
}
