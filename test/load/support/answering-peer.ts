import {
  Audio,
  cleanup,
  PeerConnection,
  RtcpNackResponder,
  RtcpSrReporter,
  RtpPacketizationConfig,
  type Track,
  Video,
} from 'node-datachannel'
import { type PeerEvent, type PeerRequest, sentVideo } from './answering-messages.ts'

/*
 * The server's side of one session on libdatachannel, the library of OBS: a full ICE agent and an
 * independent DTLS and SRTP. A program of its own, since the library keeps threads.
 */

const tell = (event: PeerEvent): void => void process.send?.(event)
const peer = new PeerConnection('server', { iceServers: [], bindAddress: '127.0.0.1' })
// Tracks that nobody holds would be collected, and fall silent.
const tracks = new Map<string, Track>()

function offerVideo(): void {
  const { payloadType, ssrc } = sentVideo
  const audio = new Audio('0', 'SendOnly')
  audio.addOpusCodec(111)
  audio.addSSRC(ssrc + 1, 'test')
  tracks.set('0', peer.addTrack(audio))
  const video = new Video('1', 'SendOnly')
  video.addH264Codec(payloadType)
  video.addSSRC(ssrc, 'test')
  const track = peer.addTrack(video)
  const reporter = new RtcpSrReporter(new RtpPacketizationConfig(ssrc, 'test', payloadType, 90_000))
  reporter.addToChain(new RtcpNackResponder())
  track.setMediaHandler(reporter)
  track.onOpen(() => tell({ kind: 'open' }))
  tracks.set('1', track)
}

function answer(sdp: string, sends: boolean): void {
  if (sends) offerVideo()
  peer.onTrack((track) => {
    const mid = track.mid()
    tracks.set(mid, track)
    track.onMessage((message) => tell({ kind: 'packet', mid, datagram: message as Buffer }))
  })
  peer.onGatheringStateChange((state) => {
    if (state === 'complete') tell({ kind: 'answer', sdp: peer.localDescription()!.sdp })
  })
  peer.setRemoteDescription(sdp, 'offer')
}

process.on('message', (request: PeerRequest) => {
  switch (request.kind) {
    case 'offer':
      answer(request.sdp, request.sends)
      break
    case 'send':
      tracks.get('1')?.sendMessageBinary(Buffer.from(request.datagram))
      break
    case 'close':
      peer.close()
      // The library closes in threads of its own; this waits for them.
      cleanup()
      process.exit()
  }
})
