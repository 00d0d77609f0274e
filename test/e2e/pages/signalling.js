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
  // Against the address that answered: it may not be the one that was asked (§4.5).
  return { answer, session: new URL(response.headers.get('location'), response.url).href }
}

/**
 * Restarts ICE in a session that goes on (RFC 9725 §4.3.3).
 *
 * @returns the new tag, and the ufrag that our side has from now on
 */
export async function restartIce(peer, session) {
  peer.restartIce()
  await peer.setLocalDescription()
  const offer = peer.localDescription.sdp
  const [group] = /^a=group:.*$/m.exec(offer)
  const [line] = /^m=.*$/m.exec(offer)
  const [mid] = /^a=mid:.*$/m.exec(offer)
  const ours = credentials(offer)
  const body = [group, line, mid, `a=ice-ufrag:${ours.ufrag}`, `a=ice-pwd:${ours.password}`, '']
  const response = await fetch(session, {
    method: 'PATCH',
    headers: { 'content-type': 'application/trickle-ice-sdpfrag', 'if-match': '*' },
    body: body.join('\r\n'),
  })
  const fragment = await response.text()
  if (response.status !== 200) throw new Error(`PATCH: ${response.status} ${fragment}`)
  const { ufrag, password } = credentials(fragment)
  const sdp = peer.remoteDescription.sdp
    .replaceAll(/a=ice-ufrag:.*/g, `a=ice-ufrag:${ufrag}`)
    .replaceAll(/a=ice-pwd:.*/g, `a=ice-pwd:${password}`)
  await peer.setRemoteDescription({ type: 'answer', sdp })
  return { etag: response.headers.get('etag'), fragment, ufrag: ours.ufrag }
}

function credentials(sdp) {
  const [, ufrag] = /^a=ice-ufrag:(.*?)\r?$/m.exec(sdp)
  const [, password] = /^a=ice-pwd:(.*?)\r?$/m.exec(sdp)
  return { ufrag, password }
}

/** Waits until media takes the path of the restart. */
export async function untilRestarted(peer, ufrag, timeoutMs) {
  let used
  const ready = async () => {
    const stats = await peer.getStats()
    const all = [...stats.values()]
    const { selectedCandidatePairId } = all.find(({ type }) => type === 'transport') ?? {}
    const local = stats.get(stats.get(selectedCandidatePairId)?.localCandidateId)
    used = local?.usernameFragment
    return used === ufrag
  }
  await until(ready, timeoutMs, () => ({ wanted: ufrag, used }))
}

/** Status of a PATCH without candidates. */
export async function patchStatus(session, ifMatch) {
  const response = await fetch(session, {
    method: 'PATCH',
    headers: {
      'content-type': 'application/trickle-ice-sdpfrag',
      ...(ifMatch !== undefined && { 'if-match': ifMatch }),
    },
    body: 'a=end-of-candidates\r\n',
  })
  return response.status
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
