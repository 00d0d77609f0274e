import type { MessageOf } from '#control/messages.ts'
import { Reattachment, reattachTiming } from '#control/topology/reattachment.ts'
import type { Machine } from '#core/machine.ts'
import { streamKey } from '#core/stream-name.ts'
import type { Stream } from '#relay/stream.ts'
import { BranchPublication } from './branch-publication.ts'
import type { BranchServices } from './branch-services.ts'
import { Candidates } from './candidates.ts'
import { CarrierNote } from './carrier-note.ts'
import type { Subscriber, ToldOfSubscription, Uplink } from './uplink.ts'

/** One that was asked for the stream. */
interface Asked {
  readonly uplink: Uplink
  /** Undefined while the link is not open. */
  subscription: number | undefined
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
  readonly #services: BranchServices
  readonly #shown: BranchPublication
  readonly #note: CarrierNote
  readonly #candidates: Candidates
  #search: Reattachment | undefined
  #asked: Asked | undefined
  #askedUntil = Number.POSITIVE_INFINITY
  #current: Required<Asked> | undefined
  /** From the origin down to the parent. */
  #above: readonly string[] = []
  #standbyDue = 0
  /** Monotonic ms. */
  #lostAt: number | undefined
  #closed = false

  /** @param asked by a child of this node; without, for viewers here */
  constructor(
    stream: Stream,
    services: BranchServices,
    asked?: Pick<MessageOf<'subscribe'>, 'below' | 'lost'>,
  ) {
    this.stream = stream
    this.#key = streamKey(stream.name)
    this.#services = services
    this.#shown = new BranchPublication(stream, services)
    this.#note = new CarrierNote(this.#key, services.registry)
    this.#candidates = new Candidates(services.registry.view, this.#key, services.node)
    this.#below = [...(asked?.below ?? []), services.node]
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
    else if (!this.#current && !this.#search) this.#begin(undefined)
    // Its publisher is elsewhere now, and it was never there to pass streams on.
    else if (this.parent && !this.#search && !this.#candidates.has(this.parent)) {
      this.#look(this.parent)
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
      this.#askedUntil,
      this.#current ? this.#standbyDue : Number.POSITIVE_INFINITY,
    )
  }

  poll(now: number): void {
    if (now >= this.#askedUntil && !this.#search) this.#refused()
    const step = this.#search?.poll(now, (avoid) => this.#candidates.parents(avoid))
    if (step?.kind === 'ask') this.#ask(step.parent)
    if (step?.kind === 'split') this.#services.split(this.stream)
    if (this.#current && now >= this.#standbyDue) this.#prepareStandby(this.#current, now)
  }

  // The first one is asked at once: a viewer waits. Only those who look again do so by turns.
  #begin(lost: string | undefined): void {
    const [first] = this.#candidates.parents(new Set(lost === undefined ? [] : [lost]))
    if (first === undefined) this.#look(lost)
    else this.#ask(first)
    this.#services.scheduler.changed(this)
  }

  #look(lost: string | undefined, standby?: string): void {
    const { node, clock } = this.#services
    const depth = Math.max(this.#above.length, 1)
    this.#search = new Reattachment(
      {
        stream: this.#key,
        node,
        depth,
        ...(lost !== undefined && { lost }),
        ...(standby !== undefined && { standby }),
      },
      clock.now(),
    )
    this.#services.scheduler.changed(this)
  }

  #ask(parent: string): void {
    const { clock, uplinkTo } = this.#services
    this.#giveUpAsked()
    const uplink = uplinkTo(parent)
    if (!uplink) {
      this.#refuse(parent)
      return
    }
    this.#asked = { uplink, subscription: undefined }
    this.#askedUntil = clock.now() + reattachTiming.answerTimeout
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
    }
    asked.subscription = uplink.subscribe(wish, this.#subscriber(asked))
  }

  #subscriber(asked: Asked): Subscriber {
    const isCurrent = () => this.#current?.uplink === asked.uplink
    const over = () => {
      if (this.#asked === asked) this.#refused()
      else if (isCurrent()) this.#lost(asked.uplink.parent)
    }
    return {
      told: (message) => this.#told(asked, message),
      refused: over,
      loop: over,
      lost: over,
      // Before it has answered there is nothing to move, and an origin cannot be gone around.
      move: ({ node }) => {
        const { parent } = asked.uplink
        const canMove = isCurrent() && !this.#search && !this.#candidates.isOrigin(parent)
        if (canMove) this.#look(parent, node)
      },
    }
  }

  #told(asked: Asked, message: ToldOfSubscription): void {
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
      case 'ended':
        this.#current = undefined
        this.#shown.end()
        this.#note.erase()
        break
      case 'active':
        break
    }
  }

  #subscribed(asked: Asked, message: MessageOf<'subscribed'>): void {
    if (this.#asked !== asked) return
    // It follows a publisher who lost, or has not heard of the one who took over.
    if (message.epoch < (this.#shown.epoch ?? 0)) {
      this.#giveUpAsked()
      this.#refuse(asked.uplink.parent)
      return
    }
    const before = this.#current
    this.#asked = undefined
    this.#askedUntil = Number.POSITIVE_INFINITY
    this.#search = undefined
    this.#current = { uplink: asked.uplink, subscription: message.subscription }
    this.#above = message.path
    if (before) this.#leave(before)
    const { clock, reattached } = this.#services
    if (this.#lostAt !== undefined) reattached(this.stream, clock.now() - this.#lostAt)
    this.#lostAt = undefined
    this.#placed()
    this.#shown.show(asked.uplink, message)
    this.#services.scheduler.changed(this)
  }

  #placed(): void {
    this.#services.moved(this.stream, this.path)
    this.carry()
  }

  #lost(parent: string): void {
    this.#current = undefined
    this.#lostAt = this.#services.clock.now()
    this.#shown.orphan()
    this.#look(parent, this.#candidates.standby(parent))
  }

  /** Whoever was asked said no, or nothing. */
  #refused(): void {
    const parent = this.#asked?.uplink.parent
    this.#giveUpAsked()
    if (parent !== undefined) this.#refuse(parent)
  }

  #refuse(parent: string): void {
    if (this.#search) this.#search.refuse(parent, this.#services.clock.now())
    else this.#look(parent)
    this.#services.scheduler.changed(this)
  }

  #giveUpAsked(): void {
    const asked = this.#asked
    this.#asked = undefined
    this.#askedUntil = Number.POSITIVE_INFINITY
    if (asked?.subscription === undefined) return
    asked.uplink.unsubscribe(asked.subscription, undefined)
  }

  #leave({ uplink, subscription }: Required<Asked>): void {
    if (subscription !== undefined) uplink.unsubscribe(subscription, this.#shown.publication)
  }

  // A control connection that is open saves three round trips when the parent is gone.
  #prepareStandby({ uplink }: Asked, now: number): void {
    this.#standbyDue = now + standbyInterval
    const standby = this.#candidates.standby(uplink.parent)
    if (standby !== undefined) this.#services.uplinkTo(standby)
  }
}
