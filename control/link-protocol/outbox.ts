import { type Message, writeMessage } from '#control/messages.ts'

/**
 * Characters that may wait for one connection. A drain or a new path tells of every stream at once,
 * some 300 characters each; who does not read that away is better off with a new connection.
 */
const capacity = 8 * 1024 * 1024

/** What waits to be sent on one control connection, in order. Bounded. */
export class Outbox {
  #waiting: string[] = []
  #next = 0
  #length = 0

  /** @returns false when it does not fit, or is longer than a message may be: nothing is kept */
  push(message: Message): boolean {
    const text = writeMessage(message)
    if (text === undefined || this.#length + text.length > capacity) return false
    this.#waiting.push(text)
    this.#length += text.length
    return true
  }

  /** @returns the next to send; undefined when there is none */
  take(): string | undefined {
    const text = this.#waiting[this.#next]
    if (text === undefined) return undefined
    this.#next++
    this.#length -= text.length
    if (this.#next === this.#waiting.length || this.#next === 1024) {
      this.#waiting = this.#waiting.slice(this.#next)
      this.#next = 0
    }
    return text
  }
}
