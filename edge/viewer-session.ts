import type { Principal } from '#control/principal.ts'
import type { RestartAnswer, Session } from '#control/sessions.ts'
import type { Clock } from '#core/clock.ts'
import { ServiceError } from '#core/errors.ts'
import type { Peer, PeerEnd } from '#webrtc/peer.ts'
import type { Peers } from '#webrtc/peers.ts'

export interface ViewerSessionOptions {
  readonly principal: Principal
  /** Of our ICE credentials before there is a peer. */
  readonly etag: string
  readonly peers: Peers
  readonly clock: Clock
  /** Its client, or its token, ends it before there is a peer. */
  abandoned(): void
}

/**
 * A viewer as its session's URL knows it: its peer, and before that, where the offer is ours, the
 * wait for the answer.
 */
export class ViewerSession implements Session {
  /** There while our offer waits for it. */
  answer: ((sdp: string) => void) | undefined
  readonly #options: ViewerSessionOptions
  #peer: Peer | undefined

  constructor(options: ViewerSessionOptions) {
    this.#options = options
  }

  /** There is a peer now; it takes no answer any more. */
  connect(peer: Peer): void {
    this.#peer = peer
    this.answer = undefined
  }

  get principal(): Principal {
    return this.#options.principal
  }

  get etag(): string {
    return this.#peer?.etag ?? this.#options.etag
  }

  get restarted(): boolean {
    return this.#peer?.restarted ?? false
  }

  patch(fragment: string): RestartAnswer | undefined {
    if (this.#peer) return this.#options.peers.patch(this.#peer, fragment)
    throw new ServiceError('answer-pending', 'answer the offer first, then send candidates')
  }

  expire(): void {
    this.#close('token-expired')
  }

  end(): void {
    this.#close('deleted')
  }

  #close(end: PeerEnd): void {
    if (this.#peer) this.#peer.close(end, this.#options.clock.now())
    else this.#options.abandoned()
  }
}
