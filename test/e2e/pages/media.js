import { clockScale, Publication } from './publish.js'
import { View } from './view.js'

/*
 * The test's hand inside the browser. It speaks WHIP and WHEP by itself, so that what it sees
 * does not depend on the player. Objects stay here and are known to the test by a number.
 */

const sessions = new Map()
let made = 0

function keep(session) {
  sessions.set(++made, session)
  return made
}

globalThis.tailrace = {
  view: async (options) => keep(await View.open(options)),
  publish: async (options) => keep(await Publication.open(options)),
  clockScale: () => clockScale,
  /** Adds the functions of another module, which may keep sessions too. */
  extend: async (module) => {
    Object.assign(globalThis.tailrace, (await import(module)).extension(keep))
  },
  /** Answers a publisher's offer in the server's stead. */
  answer: async (offer, options) => {
    const { view, sdp } = await View.answer(offer, options)
    return { id: keep(view), sdp }
  },
  call: (id, method, ...args) => sessions.get(id)[method](...args),
  close: async (id, options) => {
    const session = sessions.get(id)
    sessions.delete(id)
    await session.close(options)
  },
}
