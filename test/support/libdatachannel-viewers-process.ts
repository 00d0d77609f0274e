import { Audio, PeerConnection, Video } from 'node-datachannel'
import type { ViewersRequest, ViewersResult } from './libdatachannel-viewers.ts'

/*
 * Viewers without a browser: each connects with libdatachannel, receives its first packet and
 * leaves. A program of its own, since the library keeps threads.
 */

const request: ViewersRequest = JSON.parse(process.argv[2]!)
const result: ViewersResult = { connected: 0, received: 0, refused: 0, states: [] }

function offerOf(peer: PeerConnection): Promise<string> {
  const offered = Promise.withResolvers<string>()
  peer.onLocalDescription((sdp) => offered.resolve(sdp))
  peer.setLocalDescription('offer')
  return offered.promise
}

function forged(offer: string): string {
  return offer.replace(/(a=fingerprint:sha-256 )../, (_, start) => `${start}00`)
}

async function visit(): Promise<void> {
  const peer = new PeerConnection('viewer', { iceServers: [] })
  const audio = new Audio('0', 'RecvOnly')
  audio.addOpusCodec(111)
  const video = new Video('1', 'RecvOnly')
  video.addH264Codec(96)
  const tracks = [peer.addTrack(audio), peer.addTrack(video)]
  const received = Promise.withResolvers<boolean>()
  for (const track of tracks) track.onMessage(() => received.resolve(true))
  peer.onStateChange((state) => {
    if (!result.states.includes(state)) result.states.push(state)
    if (state === 'connected') result.connected++
    if (state === 'failed' || state === 'closed') received.resolve(false)
  })
  const late = setTimeout(() => received.resolve(false), request.timeoutMs)
  const offer = await offerOf(peer)
  const response = await fetch(request.url, {
    method: 'POST',
    headers: { 'content-type': 'application/sdp' },
    body: request.forgeFingerprint ? forged(offer) : offer,
  })
  if (response.status === 201) {
    peer.setRemoteDescription(await response.text(), 'answer')
    if (await received.promise) result.received++
    if (request.remove) {
      await fetch(new URL(response.headers.get('location')!, request.url), { method: 'DELETE' })
    }
  } else {
    result.refused++
  }
  clearTimeout(late)
  peer.close()
}

let left = request.visits
const lane = async (): Promise<void> => {
  while (left-- > 0) await visit()
}
await Promise.all(Array.from({ length: request.atOnce }, lane))
// The library's threads at times crash an exit; the result is told by then, and they are not asked.
process.stdout.write(`${JSON.stringify(result)}\n`, () => process.kill(process.pid, 'SIGKILL'))
