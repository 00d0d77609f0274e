/**
 * Sends an offer to a WHIP or WHEP endpoint (RFC 9725 §4.2).
 *
 * @param options.setup `a=setup` to offer in place of the browser's own `actpass`
 */
export async function post(url, offer, { token, setup = 'actpass' } = {}) {
  const headers = { 'content-type': 'application/sdp' }
  if (token !== undefined) headers.authorization = `Bearer ${token}`
  const body = offer.replaceAll('a=setup:actpass', `a=setup:${setup}`)
  const response = await fetch(url, { method: 'POST', headers, body })
  const answer = await response.text()
  if (response.status !== 201) throw new Error(`POST ${url}: ${response.status} ${answer}`)
  return { answer, session: new URL(response.headers.get('location'), url).href }
}

/** The answer with another address in place of the server's candidates. */
export function throughAddress(answer, { address, port }) {
  let first = true
  return answer.replaceAll(/a=candidate:.*\r\n/g, () => {
    if (!first) return ''
    first = false
    return `a=candidate:1 1 udp 2130706431 ${address} ${port} typ host\r\n`
  })
}

/**
 * States of a connection, each with the time it came, in ms of `performance.now()`; those of its
 * DTLS begin with `dtls-`: a close_notify shows there only, as `dtls-closed`.
 */
export function recordStates(peer) {
  const states = []
  const record = (state) => states.push({ state, at: performance.now() })
  let transport
  peer.addEventListener('connectionstatechange', () => record(peer.connectionState))
  peer.addEventListener('signalingstatechange', () => {
    const [{ receiver } = {}] = peer.getTransceivers()
    if (transport || !receiver?.transport) return
    transport = receiver.transport
    transport.addEventListener('statechange', () => record(`dtls-${transport.state}`))
  })
  return states
}

/** Asks `ready` again and again until it says yes; fails with what `describe` says. */
export async function until(ready, timeoutMs, describe) {
  const deadline = performance.now() + timeoutMs
  while (!(await ready())) {
    if (performance.now() > deadline) {
      throw new Error(`waited ${timeoutMs} ms for ${JSON.stringify(await describe())}`)
    }
    await new Promise((wake) => setTimeout(wake, 20))
  }
}
