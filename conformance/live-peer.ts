import { randomBytes } from 'node:crypto'
import { EventEmitter, once } from 'node:events'
import type { Machine } from '#core/machine.ts'
import type { ClientContext } from '#load/client-connection.ts'
import { ClientPeer } from '#load/client-peer.ts'
import { ClientSocket, type DatagramReceiver } from '#load/client-socket.ts'
import type { Endpoint, IceCredentials } from '#load/ice-client.ts'
import { reachable } from '#load/reachable.ts'
import { twinSrtp } from '#load/srtp.ts'
import { classify } from '#native/demux.ts'
import { type Answer, parseAnswer } from '#webrtc/sdp/client.ts'
import { checkIntegrity, parseStun, type StunMessage } from '#webrtc/stun.ts'
import { writeBindingRequest, writeBindingSuccess } from '#webrtc/stun-writer.ts'
import { NotSeen } from './check.ts'

export interface LivePeerOptions {
  readonly context: ClientContext
  readonly local: IceCredentials
  /** The server's SDP. */
  readonly remote: string
  /** Of the endpoint: says which address family is meant. */
  readonly url: string
  /** Ours; of an answer that we wrote to the server's offer, it is the client. */
  readonly role?: 'client' | 'server'
}

/** What a connectivity check came back with. */
export type ProbeResult = 'answered' | 'silence' | `refused ${number}`

const probeTimeout = 1500
const probeInterval = 250
/** Peer-reflexive, one address, component 1 (RFC 8445 §5.1.2). */
const checkPriority = 1_853_824_767

/** The media side of a session: ICE, DTLS and SRTP over a socket of its own. */
export class LivePeer implements DatagramReceiver, Machine {
  readonly #options: LivePeerOptions
  readonly #answer: Answer
  readonly #to: Endpoint
  readonly #heard = new EventEmitter<{ datagram: [] }>()
  readonly #probes = new Map<string, ProbeResult | undefined>()
  readonly #passwords = new Map<string, string>()
  /** Ours of a later ICE generation; the first is the peer's. */
  #restarted: IceCredentials | undefined
  #socket!: ClientSocket
  #peer!: ClientPeer
  #packets = 0
  #closed = false

  private constructor(options: LivePeerOptions, answer: Answer, to: Endpoint) {
    this.#options = options
    this.#answer = answer
    this.#to = to
  }

  /** @throws NotSeen when there is no way to the server's media port */
  static async open(options: LivePeerOptions): Promise<LivePeer> {
    const answer = readAnswer(options.remote)
    const ways = reachable(answer.addresses, options.url)
    if (!ways) throw new NotSeen('the SDP has no UDP candidate with an address')
    const [to] = ways.candidates
    const live = new LivePeer(options, answer, to!)
    live.#socket = await ClientSocket.open(ways.family, live)
    live.#connect(ways.candidates)
    return live
  }

  #connect(candidates: readonly Endpoint[]): void {
    const { context, local, role } = this.#options
    const { certificate, loop, scratch } = context
    const answer = this.#answer
    this.#peer = new ClientPeer(
      {
        ice: { local, remote: answer.ice, candidates, random: Math.random },
        dtls: {
          role: role ?? (answer.setup === 'active' ? 'server' : 'client'),
          certificate,
          remoteFingerprints: answer.fingerprints,
          srtpProfiles: [7, 1],
        },
        listener: {
          connected: () => {},
          wantsRtp: () => {
            this.#packets++
            return false
          },
          rtp: () => {},
          rtcp: () => {},
        },
        srtp: twinSrtp,
        scratch,
        send: (datagram, length, to) => this.#socket.send(datagram, length, to.address, to.port),
      },
      loop.now(),
    )
    loop.add(this)
  }

  get nextTimeout(): number {
    return this.#peer.nextTimeout
  }

  poll(now: number): void {
    this.#peer.poll(now)
    this.#heard.emit('datagram')
  }

  datagram(datagram: Buffer, from: Endpoint, now: number): void {
    if (this.#closed) return
    if (!this.#readStun(datagram, from)) {
      this.#peer.receive(datagram, from, now)
      this.#options.context.loop.moved(this)
    }
    this.#heard.emit('datagram')
  }

  /** The server's credentials of the first ICE generation. */
  get remote(): IceCredentials {
    return this.#answer.ice
  }

  /** RTP packets so far. */
  get packets(): number {
    return this.#packets
  }

  /** @throws NotSeen when ICE and DTLS do not come up */
  async connected(): Promise<void> {
    if (await this.until(() => this.#peer.dtlsAt !== undefined, 8000)) return
    const how = this.#peer.iceAt === undefined ? 'no check was answered' : 'DTLS did not finish'
    throw new NotSeen(`no media path to the server: ${this.#peer.end ?? how}`)
  }

  /** Whether DTLS or ICE told us of the end within this time; the words of `ClientPeer.end`. */
  async ended(ms: number): Promise<string | undefined> {
    await this.until(() => this.#peer.end !== undefined, ms)
    return this.#peer.end
  }

  /** Whether as many further RTP packets come within 3 s. */
  async receives(count: number): Promise<boolean> {
    const wanted = this.#packets + count
    return this.until(() => this.#packets >= wanted, 3000)
  }

  /** Sends connectivity checks until one is answered. */
  async probe(
    local: IceCredentials,
    remote: IceCredentials,
    nominate = false,
  ): Promise<ProbeResult> {
    const started = performance.now()
    while (performance.now() - started < probeTimeout) {
      const result = await this.#check(local, remote, nominate)
      if (result) return result
    }
    return 'silence'
  }

  async #check(
    local: IceCredentials,
    remote: IceCredentials,
    useCandidate: boolean,
  ): Promise<ProbeResult | undefined> {
    const transactionId = randomBytes(12)
    const key = transactionId.toString('latin1')
    this.#probes.set(key, undefined)
    this.#passwords.set(key, remote.password)
    const request = writeBindingRequest({
      transactionId,
      username: `${remote.ufrag}:${local.ufrag}`,
      password: remote.password,
      priority: checkPriority,
      tieBreaker: randomBytes(8).readBigUInt64BE(),
      useCandidate,
    })
    this.#socket.send(request, request.length, this.#to.address, this.#to.port)
    await this.until(() => this.#probes.get(key) !== undefined, probeInterval)
    const result = this.#probes.get(key)
    this.#probes.delete(key)
    this.#passwords.delete(key)
    return result
  }

  /** From now on the checks of a full agent are answered under these credentials, too. */
  restarted(local: IceCredentials): void {
    this.#restarted = local
  }

  #readStun(datagram: Buffer, from: Endpoint): boolean {
    const message = classify(datagram) === 'stun' ? parseStun(datagram) : undefined
    if (!message) return false
    return this.#readProbe(message, datagram) || this.#answerCheck(message, datagram, from)
  }

  #answerCheck(message: StunMessage, datagram: Buffer, from: Endpoint): boolean {
    const local = this.#restarted
    if (!local || message.class !== 'request') return false
    if (!message.username?.startsWith(`${local.ufrag}:`)) return false
    const { password } = local
    if (!checkIntegrity(datagram, message, password)) return false
    const answer = writeBindingSuccess({ ...from, transactionId: message.transactionId, password })
    this.#socket.send(answer, answer.length, from.address, from.port)
    return true
  }

  #readProbe(message: StunMessage, datagram: Buffer): boolean {
    const key = message.transactionId.toString('latin1')
    if (!this.#probes.has(key)) return false
    if (!checkIntegrity(datagram, message, this.#passwords.get(key)!)) return true
    if (message.class === 'success') this.#probes.set(key, 'answered')
    if (message.class === 'error') this.#probes.set(key, `refused ${message.errorCode ?? 0}`)
    return true
  }

  /** Says goodbye by DTLS, and listens on. */
  sayGoodbye(): void {
    this.#peer.close(this.#options.context.loop.now())
  }

  /** Waits for what a datagram or a timer may bring. */
  async until(holds: () => boolean, ms: number): Promise<boolean> {
    const signal = AbortSignal.timeout(ms)
    while (!holds()) {
      try {
        await once(this.#heard, 'datagram', { signal })
      } catch {
        return holds()
      }
    }
    return true
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.sayGoodbye()
    this.#options.context.loop.remove(this)
    this.#socket.close()
  }
}

function readAnswer(sdp: string): Answer {
  try {
    // Of an offer, `actpass` leaves the choice to us, and we speak first.
    return parseAnswer(sdp.replaceAll('a=setup:actpass', 'a=setup:passive'))
  } catch (cause) {
    throw new NotSeen('the SDP of the server cannot be read', { cause })
  }
}
