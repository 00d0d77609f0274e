import { randomBytes } from 'node:crypto'
import { messageOf } from '#core/errors.ts'
import type { Machine } from '#core/machine.ts'
import type { SrtpProfile } from '#native/srtp-keys.ts'
import { createCertificate, type DtlsCertificate } from '#webrtc/dtls/certificate.ts'
import { type Answer, type ClientTransport, parseAnswer } from '#webrtc/sdp/client.ts'
import { ClientPeer, maxDatagram, type PeerListener } from './client-peer.ts'
import { type ClientChannel, ClientSocket, type DatagramReceiver } from './client-socket.ts'
import { HttpClient, type HttpClientOptions } from './http-client.ts'
import {
  deleteSession,
  postOffer,
  SignallingError,
  type SignallingOptions,
  type SignallingSession,
} from './http-signalling.ts'
import type { Endpoint } from './ice-client.ts'
import type { NativeSink } from './native-sink.ts'
import { type Reachable, reachable } from './reachable.ts'
import { SessionLoop } from './session-loop.ts'
import { twinSrtp } from './srtp.ts'

/** What all sessions of the process share. */
export interface ClientContext {
  readonly loop: SessionLoop
  readonly certificate: DtlsCertificate
  /** Receives for all of them; each has a socket of `node:dgram` without. */
  readonly sink: NativeSink | undefined
  readonly http: HttpClient
  /** Room for one packet. */
  readonly scratch: Buffer
}

export interface ContextOptions extends HttpClientOptions {
  readonly sink?: NativeSink | undefined
}

/** @throws UsageError when the certificates to trust cannot be read */
export function createClientContext(options: ContextOptions = {}): ClientContext {
  const loop = new SessionLoop()
  return {
    loop,
    certificate: createCertificate(loop.wall()),
    sink: options.sink,
    http: new HttpClient(options),
    scratch: Buffer.allocUnsafeSlow(maxDatagram),
  }
}

/** The media side of a session: it gets what the peer receives, and is polled with it. */
export type SessionMedia = PeerListener & Machine

export interface ConnectionOptions extends Omit<SignallingOptions, 'http'> {
  readonly writeOffer: (transport: ClientTransport) => string
  /**
   * Opens the socket, once it is known what was agreed on; a plain one if absent.
   * @throws the system's error when no socket is to be had (EMFILE …)
   */
  readonly openChannel?: (
    answer: Answer,
    family: 4 | 6,
    receiver: DatagramReceiver,
  ) => Promise<ClientChannel>
  /**
   * Makes the media side, once it is known what was agreed on.
   * @throws SignallingError when the answer cannot be used
   */
  readonly openMedia: (
    answer: Answer,
    send: (datagram: Buffer, length: number) => void,
  ) => SessionMedia
  readonly srtpProfiles: readonly SrtpProfile[]
  /** Called once, when the session has ended by itself, with the reason. */
  readonly onEnd: (reason: string) => void
}

/** One running WHIP or WHEP session: HTTP, its socket, its peer, and its place in the loop. */
export class ClientConnection implements Machine {
  readonly peer: ClientPeer
  /** Monotonic ms at which the POST left and the 201 was read. */
  readonly postedAt: number
  readonly answeredAt: number
  readonly #context: ClientContext
  readonly #options: ConnectionOptions
  readonly #session: SignallingSession
  readonly #socket: ClientChannel
  readonly #media: SessionMedia
  #over = false

  private constructor(parts: ConnectionParts) {
    const { context, options, session, socket, answer } = parts
    this.#context = context
    this.#options = options
    this.#session = session
    this.#socket = socket
    this.postedAt = parts.postedAt
    this.answeredAt = parts.answeredAt
    this.#media = options.openMedia(answer, (datagram, length) => this.peer.send(datagram, length))
    this.peer = createPeer(parts, this.#media)
    context.loop.add(this)
  }

  /** @throws SignallingError when no session came of it */
  static async open(context: ClientContext, options: ConnectionOptions): Promise<ClientConnection> {
    const local = {
      ufrag: randomBytes(6).toString('base64url').replaceAll(/[-_]/g, '+'),
      password: randomBytes(18).toString('base64'),
    }
    const { fingerprint } = context.certificate
    const offer = options.writeOffer({ ...local, fingerprint, setup: 'actpass' })
    const postedAt = context.loop.now()
    const signalling = { ...options, http: context.http }
    const session = await postOffer(offer, signalling)
    const answeredAt = context.loop.now()
    let socket: ClientChannel | undefined
    try {
      const answer = readAnswer(session.answer)
      const ways = waysTo(answer, options.url)
      const { candidates } = ways
      const receiver = new Receiver()
      socket = await openSocket({ context, options, answer, ways, receiver })
      const times = { postedAt, answeredAt }
      const parts = { context, options, session, socket, answer, candidates, local, ...times }
      const connection = new ClientConnection(parts)
      receiver.connection = connection
      return connection
    } catch (error) {
      socket?.close()
      await deleteSession(session.location, signalling)
      throw error
    }
  }

  /** URL of the session, and of its events where it has any. */
  get session(): Pick<SignallingSession, 'location' | 'events'> {
    return this.#session
  }

  get nextTimeout(): number {
    return Math.min(this.peer.nextTimeout, this.#media.nextTimeout)
  }

  poll(now: number): void {
    this.peer.poll(now)
    if (this.peer.dtlsAt !== undefined) this.#media.poll(now)
    this.#notice()
  }

  receive(datagram: Buffer, from: Endpoint, now: number): void {
    this.peer.receive(datagram, from, now)
    this.#notice()
    this.noteDeadline()
  }

  /** Something outside the loop has moved `nextTimeout`. */
  noteDeadline(): void {
    if (!this.#over) this.#context.loop.moved(this)
  }

  /** DELETEs the session, says goodbye over DTLS, and gives back what it holds. */
  async close(): Promise<void> {
    if (this.#over) return
    this.#stop()
    await this.#delete()
    this.peer.close(this.#context.loop.now())
    this.#socket.close()
  }

  #notice(): void {
    const reason = this.peer.end
    if (reason === undefined || this.#over) return
    this.#stop()
    this.#socket.close()
    // The server may hold the session still; nobody waits for its answer.
    void this.#delete()
    this.#options.onEnd(reason)
  }

  #delete(): Promise<void> {
    return deleteSession(this.#session.location, {
      ...this.#options,
      http: this.#context.http,
    })
  }

  #stop(): void {
    this.#over = true
    this.#context.loop.remove(this)
  }
}

interface ConnectionParts {
  readonly context: ClientContext
  readonly options: ConnectionOptions
  readonly session: SignallingSession
  readonly socket: ClientChannel
  readonly answer: Answer
  readonly candidates: readonly Endpoint[]
  readonly local: { readonly ufrag: string; readonly password: string }
  readonly postedAt: number
  readonly answeredAt: number
}

function createPeer(parts: ConnectionParts, listener: PeerListener): ClientPeer {
  const { context, options, socket, answer, candidates, local } = parts
  return new ClientPeer(
    {
      ice: {
        local,
        remote: answer.ice,
        candidates,
        random: Math.random,
      },
      dtls: {
        role: answer.setup === 'active' ? 'server' : 'client',
        certificate: context.certificate,
        remoteFingerprints: answer.fingerprints,
        srtpProfiles: options.srtpProfiles,
      },
      listener,
      srtp: context.sink?.srtp ?? twinSrtp,
      scratch: context.scratch,
      send: (datagram, length, to) => socket.send(datagram, length, to.address, to.port),
    },
    context.loop.now(),
  )
}

/** Stands between the socket, which comes first, and the connection, which needs it. */
class Receiver implements DatagramReceiver {
  connection: ClientConnection | undefined

  datagram(datagram: Buffer, from: Endpoint, now: number): void {
    this.connection?.receive(datagram, from, now)
  }
}

interface SocketParts {
  readonly context: ClientContext
  readonly options: ConnectionOptions
  readonly answer: Answer
  readonly ways: Reachable
  readonly receiver: DatagramReceiver
}

// Many viewers may come to the process's limit of open files: that is a figure, not a crash.
async function openSocket(parts: SocketParts): Promise<ClientChannel> {
  const { answer, receiver } = parts
  const { sink } = parts.context
  const { openChannel } = parts.options
  const { family } = parts.ways
  try {
    if (openChannel) return await openChannel(answer, family, receiver)
    if (sink) return sink.session(family, undefined, receiver)
    return await ClientSocket.open(family, receiver)
  } catch (cause) {
    throw new SignallingError('no socket', `no UDP socket could be opened: ${messageOf(cause)}`, {
      cause,
    })
  }
}

function readAnswer(sdp: string): Answer {
  try {
    return parseAnswer(sdp)
  } catch (cause) {
    throw new SignallingError('bad answer', `the answer cannot be read: ${messageOf(cause)}`, {
      cause,
    })
  }
}

function waysTo({ addresses }: Answer, url: string): Reachable {
  const ways = reachable(addresses, url)
  if (ways) return ways
  throw new SignallingError('bad answer', 'the answer has no UDP candidate with an IP address')
}
