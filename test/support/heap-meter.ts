import { within } from './child.ts'

/**
 * Measures what a Node process holds on to, by its inspector: the JavaScript heap after a full
 * collection, without the bytes of buffers, which the media of the moment comes and goes with.
 * `--inspect=127.0.0.1:0` in its `NODE_OPTIONS` opens it.
 */
export class HeapMeter {
  readonly #socket: WebSocket
  readonly #replies = new Map<number, (result: Record<string, number>) => void>()
  #sent = 0

  private constructor(socket: WebSocket) {
    this.#socket = socket
    socket.addEventListener('message', ({ data }) => {
      const { id, result } = JSON.parse(String(data))
      this.#replies.get(id)?.(result)
      this.#replies.delete(id)
    })
  }

  /** @param output what the process has written, with the inspector's address in it */
  static async open(output: string): Promise<HeapMeter> {
    const address = /ws:\/\/\S+/.exec(output)?.[0]
    if (address === undefined) throw new Error(`no inspector in:\n${output}`)
    const socket = new WebSocket(address)
    const opened = Promise.withResolvers<void>()
    socket.addEventListener('open', () => opened.resolve())
    socket.addEventListener('error', () => opened.reject(new Error('the inspector refused')))
    await within(opened.promise, 5000, () => 'the inspector')
    return new HeapMeter(socket)
  }

  /** Bytes of objects still reachable. */
  async retained(): Promise<number> {
    await this.#call('HeapProfiler.collectGarbage')
    const { usedSize } = await this.#call('Runtime.getHeapUsage')
    return usedSize!
  }

  close(): void {
    this.#socket.close()
  }

  async #call(method: string): Promise<Record<string, number>> {
    const id = ++this.#sent
    const reply = Promise.withResolvers<Record<string, number>>()
    this.#replies.set(id, reply.resolve)
    this.#socket.send(JSON.stringify({ id, method }))
    return await within(reply.promise, 30_000, () => method)
  }
}
