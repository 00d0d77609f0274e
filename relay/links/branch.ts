import type { MessageOf, SubscriptionMessage } from '#control/messages.ts'
import { Betterment } from '#control/topology/betterment.ts'
import { Reattachment, type ReattachmentOptions } from '#control/topology/reattachment.ts'
import type { Machine } from '#core/machine.ts'
import { streamKey } from '#core/stream-name.ts'
import type { Stream } from '#relay/stream.ts'
import { BranchPublication } from './branch-publication.ts'
import type { BranchServices } from './branch-services.ts'
import { Candidates } from './candidates.ts'
import { CarrierNote } from './carrier-note.ts'
import type { Subscriber, Uplink } from './uplink.ts'

/** One that was asked for the stream. */
interface Asked {
  readonly uplink: Uplink
  /** Undefined while the link is not open. */
  subscription: number | undefined
}

/** The parent that gives it. */
interface Given {
  readonly uplink: Uplink
  readonly subscription: number
}

/** Between two looks at who could take the parent's place, in ms. */
const standbyInterval = 1000

/**
 * A stream that comes to this node from another: whom it is asked for, and what is done when that
 * one is lost. Sans-IO.
 */
export class Branch implements Machine {
  readonly stream: Stream
  readonly #key: string
  readonly #below: readonly string[]
  readonly #need: MessageOf<'subscribe'>['have']
  readonly #services: BranchServices
  readonly #shown: BranchPublication
  readonly #note: CarrierNote
  readonly #candidates: Candidates
  readonly #betterment: Betterment
  #search: Reattachment | undefined
  #asked: Asked | undefined
  #current: Given | undefined
  /** From the origin down to the parent. */
  #above: readonly string[] = []
  #standbyDue = 0
  /** Monotonic ms since which there is no parent any more. */
  #orphanedAt: number | undefined
  #closed = false

  /** @param asked by a child of this node; without, for viewers here */
  constructor(
    stream: Stream,
    services: BranchServices,
    asked?: Pick<MessageOf<'subscribe'>, 'below' | 'lost' | 'have'>,
  ) {
    this.stream = stream
    this.#key = streamKey(stream.name)
    this.#services = services
    this.#shown = new BranchPublication(stream, services)
    this.#note = new CarrierNote(this.#key, services.registry)
    this.#candidates = new Candidates(services.registry.view, this.#key, services.node)
    this.#betterment = new Betterment({ node: services.node, stream: this.#key })
    this.#below = [...(asked?.below ?? []), services.node]
    this.#need = asked?.have ?? []
    services.scheduler.add(this)
    this.#begin(asked?.lost)
  }

  /** From the origin down to this node; empty while there is no parent. */
  get path(): readonly string[] {
    return this.#current ? [...this.#above, this.#services.node] : []
  }

  get parent(): string | undefined {
    return this.#current?.uplink.parent
  }

  /** The registry knows more, or a link is open now. */
  news(): void {
    if (this.#closed) return
    if (this.#asked) this.#subscribe(this.#asked)
    else if (!this.#current && !this.#search) this.#begin()
    // Its publisher is elsewhere now, and it was never there to pass streams on.
    else if (this.parent && !this.#search && !this.#candidates.mayGive(this.parent)) {
      this.#look({ refused: this.parent })
    }
  }

  /** The number of children has changed. */
  carry(): void {
    const { parent, stream } = this
    const [depth, children] = [this.#above.length, stream.followers]
    if (parent !== undefined) this.#note.write({ parent, depth, children })
  }

  /** Nobody here wants the stream any more. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#services.scheduler.remove(this)
    this.#giveUpAsked()
    if (this.#current) this.#leave(this.#current)
    this.#current = undefined
    this.#shown.end()
    this.#note.erase()
  }

  get nextTimeout(): number {
    return Math.min(
      this.#search?.nextTimeout ?? Number.POSITIVE_INFINITY,
      this.#current ? this.#standbyDue : Number.POSITIVE_INFINITY,
      this.#current && !this.#search ? this.#betterment.nextTimeout : Number.POSITIVE_INFINITY,
    )
  }

  poll(now: number): void {
    const step = this.#search?.poll(now, (avoid) => this.#candidates.parent(avoid))
    if (step?.kind === 'ask') this.#ask(step.parent)
    if (step?.kind === 'split' && !this.#current) this.stream.abandon()
    if (step?.kind === 'stay') {
      this.#giveUpAsked()
      this.#search = undefined
    }
    const { parent } = this
    if (parent === undefined) return
    if (now >= this.#standbyDue) this.#prepareStandby(parent, now)
    if (!this.#search) this.#improve(parent, now)
  }

  // A viewer waits. Only those who look again do so by turns.
  #begin(lost?: string): void {
    this.#look({ ...(lost !== undefined && { lost }), atOnce: true })
    this.poll(this.#services.clock.now())
  }

  #look(known: Omit<ReattachmentOptions, 'stream' | 'node' | 'depth'>): void {
    const { node, clock, scheduler } = this.#services
    const depth = Math.max(this.#above.length, 1)
    this.#search = new Reattachment({ stream: this.#key, node, depth, ...known }, clock.now())
    scheduler.changed(this)
  }

  #ask(parent: string): void {
    this.#giveUpAsked()
    const uplink = this.#services.uplinkTo(parent)
    if (!uplink) {
      this.#passOver(parent)
      return
    }
    this.#asked = { uplink, subscription: undefined }
    this.#subscribe(this.#asked)
  }

  #subscribe(asked: Asked): void {
    const { uplink } = asked
    if (uplink.hasEnded) {
      this.#refused()
      return
    }
    if (!uplink.isOpen || asked.subscription !== undefined) return
    const lost = this.#search?.lost
    const wish = {
      stream: this.#key,
      below: [...this.#below],
      wanted: this.#shown.wanted,
      ...(lost !== undefined && { lost }),
      have: this.#shown.have(),
      ...(this.#shown.epoch === undefined && { need: [...this.#need] }),
    }
    asked.subscription = uplink.subscribe(wish, this.#subscriber(asked))
  }

  #subscriber(asked: Asked): Subscriber {
    const isCurrent = () => this.#current?.uplink === asked.uplink
    return {
      told: (message) => this.#told(asked, message),
      over: (reason) => {
        const { parent } = asked.uplink
        if (this.#asked === asked) this.#refused()
        else if (isCurrent()) this.#lose(parent, reason === 'exhausted' ? parent : undefined)
      },
      // Before it has answered there is nothing to move, and an origin cannot be gone around.
      move: ({ node }) => {
        const { parent } = asked.uplink
        const isFree = !this.#search || this.#search.isOptional
        const canMove = isCurrent() && isFree && !this.#candidates.isOrigin(parent)
        if (canMove) this.#look({ refused: parent, standby: node })
      },
    }
  }

  #told(asked: Asked, message: SubscriptionMessage): void {
    switch (message.type) {
      case 'subscribed':
        this.#subscribed(asked, message)
        break
      case 'epoch':
        this.#above = message.path
        this.#shown.show(asked.uplink, message)
        break
      case 'layers':
        this.#shown.update(message.layers)
        break
      case 'clock':
        this.#shown.setClock(message.layer, message.clock)
        break
      case 'path':
        this.#above = message.path
        this.#placed()
        break
      case 'inactive':
        this.#shown.end()
        break
    }
  }

  #subscribed(asked: Asked, message: MessageOf<'subscribed'>): void {
    if (this.#asked !== asked) return
    if (!this.#isGood(message)) {
      this.#refused()
      return
    }
    const before = this.#current
    this.#asked = undefined
    this.#search = undefined
    this.#current = { uplink: asked.uplink, subscription: message.subscription }
    this.#betterment.placed(this.#services.clock.now())
    this.#above = message.path
    if (before) this.#leave(before)
    const { clock, reattached } = this.#services
    if (this.#orphanedAt !== undefined) reattached(this.stream, clock.now() - this.#orphanedAt)
    this.#orphanedAt = undefined
    this.#placed()
    this.#shown.show(asked.uplink, message)
    this.#services.scheduler.changed(this)
  }

  // One of an older epoch follows a publisher who lost, or has not heard of who took over.
  #isGood({ epoch, path }: MessageOf<'subscribed'>): boolean {
    const lost = this.#search?.lost
    return epoch >= (this.#shown.epoch ?? 0) && this.#candidates.mayStandBelow(path, lost)
  }

  #placed(): void {
    this.stream.reroute(this.path)
    this.carry()
  }

  /** @param again the parent itself, where only its keys are used up: a new connection has others */
  #lose(parent: string, again: string | undefined): void {
    this.#current = undefined
    this.#orphanedAt = this.#services.clock.now()
    this.#shown.orphan()
    const standby = again ?? this.#candidates.standby(parent)
    const known = again === undefined ? { lost: parent } : { atOnce: true }
    this.#look({ ...known, ...(standby !== undefined && { standby }) })
  }

  /** Whoever was asked said no, or nothing. */
  #refused(): void {
    const parent = this.#asked?.uplink.parent
    this.#giveUpAsked()
    if (parent !== undefined) this.#passOver(parent)
  }

  #passOver(parent: string): void {
    this.#search?.refuse(parent, this.#services.clock.now())
    this.#services.scheduler.changed(this)
  }

  #giveUpAsked(): void {
    const asked = this.#asked
    this.#asked = undefined
    if (asked?.subscription === undefined) return
    asked.uplink.unsubscribe(asked.subscription, undefined)
  }

  #leave({ uplink, subscription }: Given): void {
    uplink.unsubscribe(subscription, this.#shown.publication)
  }

  #improve(parent: string, now: number): void {
    const step = this.#betterment.poll(now, () => this.#candidates.better(parent))
    if (step?.kind === 'prepare') this.#services.uplinkTo(step.parent)
    if (step?.kind === 'move') this.#look({ standby: step.parent, isOptional: true, atOnce: true })
  }

  // A control connection that is open saves three round trips when the parent is gone.
  #prepareStandby(parent: string, now: number): void {
    this.#standbyDue = now + standbyInterval
    const standby = this.#candidates.standby(parent)
    if (standby !== undefined) this.#services.uplinkTo(standby)
  }
}
