import { within } from './child.ts'

/** Ms that a command may take beyond what the page itself waits for. */
const patience = 60_000

/** A message of WebDriver BiDi that answers one command; events have no id. */
type Reply =
  | { readonly id: number; readonly type: 'success'; readonly result: unknown }
  | {
      readonly id: number
      readonly type: 'error'
      readonly error: string
      readonly message: string
    }

/** What a script gave back (WebDriver BiDi §7.6.1), as far as it is used here. */
type ScriptResult =
  | { readonly type: 'success'; readonly result: { readonly value?: string } }
  | { readonly type: 'exception'; readonly exceptionDetails: { readonly text: string } }

/**
 * The remote control of a browser: one session of W3C WebDriver BiDi over a WebSocket, and the one
 * window that a fresh browser has.
 */
export class FirefoxRemote {
  readonly #socket: WebSocket
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>()
  #commands = 0
  #window = ''

  private constructor(socket: WebSocket) {
    this.#socket = socket
    socket.addEventListener('message', ({ data }) => this.#settle(JSON.parse(String(data))))
    socket.addEventListener('close', () => {
      for (const { reject } of this.#waiting.values()) reject(new Error('the browser hung up'))
      this.#waiting.clear()
    })
  }

  /** @param url as the browser prints it, `ws://host:port` */
  static async open(url: string): Promise<FirefoxRemote> {
    const socket = new WebSocket(`${url}/session`)
    const opened = Promise.withResolvers<void>()
    socket.addEventListener('open', () => opened.resolve())
    socket.addEventListener('error', () => opened.reject(new Error(`no WebSocket at ${url}`)))
    await within(opened.promise, 10_000, () => `a WebSocket at ${url}`)
    const remote = new FirefoxRemote(socket)
    await remote.#send('session.new', { capabilities: {} })
    const tree = await remote.#send<{ contexts: { context: string }[] }>('browsingContext.getTree')
    remote.#window = tree.contexts[0]!.context
    return remote
  }

  async navigate(url: string): Promise<void> {
    await this.#send('browsingContext.navigate', { context: this.#window, url, wait: 'complete' })
  }

  /** Calls a function of the page by its source with JSON values; gives the JSON it resolves to. */
  async call<T>(source: string, ...args: unknown[]): Promise<T> {
    const outcome = await this.#send<ScriptResult>('script.evaluate', {
      expression: `(async () => JSON.stringify(await (${source})(...${JSON.stringify(args)})))()`,
      target: { context: this.#window },
      awaitPromise: true,
    })
    if (outcome.type === 'exception') throw new Error(outcome.exceptionDetails.text)
    const { value } = outcome.result
    return (value === undefined ? undefined : JSON.parse(value)) as T
  }

  /** Asks the whole browser to end. */
  async quit(): Promise<void> {
    await this.#send('browser.close')
    this.#socket.close()
  }

  async #send<T>(method: string, params: object = {}): Promise<T> {
    const id = ++this.#commands
    const reply = Promise.withResolvers<unknown>()
    this.#waiting.set(id, reply)
    try {
      this.#socket.send(JSON.stringify({ id, method, params }))
      return (await within(reply.promise, patience, () => `the browser to do ${method}`)) as T
    } finally {
      this.#waiting.delete(id)
    }
  }

  #settle(reply: Reply): void {
    const waiting = this.#waiting.get(reply.id)
    if (reply.type === 'success') waiting?.resolve(reply.result)
    else waiting?.reject(new Error(`${reply.error}: ${reply.message}`))
  }
}
