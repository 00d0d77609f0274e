import { PeerWorld } from '#test/support/peer-world.ts'
import { type RemoteOptions, RemotePeer, remoteCertificate } from '#test/support/remote-peer.ts'
import type { PeerEnd } from '#webrtc/peer.ts'
import type { AgreedPeer } from '#webrtc/peers.ts'
import type { LocalTransport } from '#webrtc/sdp/answer.ts'
import { candidateLines } from '#webrtc/sdp/candidate.ts'

/** One peer of ours in a world, the remote one it was agreed with, and what it tells. */
export class PeerRig {
  readonly world: PeerWorld
  readonly remote: RemotePeer
  readonly peer
  /** With the time of each, in ms. */
  readonly told: [string, number][] = []

  constructor(
    options: RemoteOptions & Partial<Pick<AgreedPeer, 'farewell'>> = {},
    world = new PeerWorld(),
  ) {
    this.world = world
    const prepared = world.peers.prepare('203.0.113.9')
    const tell = (what: string) => () => {
      this.told.push([what, world.now])
    }
    this.peer = world.peers.open({
      ...prepared,
      description: descriptionOf(prepared.local),
      transport: {
        dtlsRole: options.role === 'client' ? 'server' : 'client',
        remoteUfrag: 'theirs',
        remotePassword: 'theirs-password-of-22-or-more',
        remoteFingerprints: [remoteCertificate.fingerprint],
      },
      srtpProfiles: [7],
      farewell: options.farewell ?? (() => true),
      listener: {
        reachable: tell('reachable'),
        secured: tell('secured'),
        earlyMediaLost: tell('early media lost'),
        ended: (end: PeerEnd) => this.told.push([`ended: ${end}`, world.now]),
      },
    })
    this.remote = world.add(new RemotePeer(prepared.local, options))
  }

  get events(): string[] {
    return this.told.map(([what]) => what)
  }

  connect(): this {
    const { remote, world, peer } = this
    world.runUntil(() => remote.dtls.state === 'connected' && peer.secured)
    // The last Finished is still on its way.
    world.run(100)
    return this
  }

  /** Statuses of the checks answered since the last call: 200, or the error. */
  statuses(): (number | undefined)[] {
    return this.remote.answers
      .splice(0)
      .map((one) => (one.class === 'success' ? 200 : one.errorCode))
  }
}

/** As much of an answer as a peer reads of it. */
function descriptionOf({ ufrag, candidates }: LocalTransport): string {
  const lines = [
    'v=0',
    'a=group:BUNDLE 0 1',
    'a=ice-lite',
    'm=audio 9 UDP/TLS/RTP/SAVPF 111',
    `a=ice-ufrag:${ufrag}`,
    ...candidateLines(candidates),
    'a=end-of-candidates',
    'a=mid:0',
    'm=video 9 UDP/TLS/RTP/SAVPF 96',
    'a=mid:1',
  ]
  return `${lines.join('\r\n')}\r\n`
}
