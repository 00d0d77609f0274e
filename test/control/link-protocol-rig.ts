import { ChildLink } from '#control/link-protocol/child-link.ts'
import { ParentLink } from '#control/link-protocol/parent-link.ts'
import type { Message } from '#control/messages.ts'
import { terms } from './messages-rig.ts'

/** Both ends of a control connection, on wires of no length, at a time that is set by hand. */
export class LinkPair {
  readonly child: ChildLink
  readonly parent: ParentLink
  readonly toChild: unknown[] = []
  readonly toParent: unknown[] = []
  now = 0

  constructor({ proved = 'edge-1', called = 'relay-1', versions = { oldest: 1, newest: 1 } } = {}) {
    this.child = new ChildLink({ node: 'edge-1', incarnation: 1, parent: called, versions }, 0)
    this.parent = new ParentLink({ node: 'relay-1', incarnation: 2, child: proved }, 0)
  }

  /** Carries all that waits, both ways, and keeps what either end makes of it. */
  carry(): void {
    for (;;) {
      const up = this.child.take()
      const down = this.parent.take()
      if (up === undefined && down === undefined) return
      if (up !== undefined) this.#keep(this.toParent, this.parent.receive(up, this.now))
      if (down !== undefined) this.#keep(this.toChild, this.child.receive(down, this.now))
    }
  }

  /** A link that is open on both sides. */
  open(): this {
    this.carry()
    this.parent.welcome(terms, this.now)
    this.carry()
    this.toChild.length = 0
    this.toParent.length = 0
    return this
  }

  /** As if the parent had said it, whatever it is. */
  down(message: Message): unknown {
    return this.child.receive(JSON.stringify(message), this.now)
  }

  up(message: Message): unknown {
    return this.parent.receive(JSON.stringify(message), this.now)
  }

  #keep(list: unknown[], event: unknown): void {
    if (event !== undefined) list.push(event)
  }
}
