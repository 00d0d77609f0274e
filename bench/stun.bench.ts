import { createHmac, randomBytes } from 'node:crypto'
import type { Path } from '#native/path.ts'
import { IceLite } from '#webrtc/ice-lite.ts'
import { parseStun } from '#webrtc/stun.ts'
import { writeBindingRequest } from '#webrtc/stun-writer.ts'
import { type Figure, figure } from './figure.ts'
import { microsecondsPerCall } from './sampling.ts'

const path: Path = {
  transport: 'udp',
  family: 4,
  remoteAddress: '192.0.2.1',
  remotePort: 40_000,
  localAddress: '192.0.2.2',
}

/** Answering one connectivity check: parse, verify, sign the answer. */
export function run(): Figure[] {
  const ice = new IceLite({ now: 0 })
  const request = writeBindingRequest({
    transactionId: randomBytes(12),
    username: `${ice.localUfrag}:peer`,
    password: ice.localPassword,
    priority: 1_853_824_767,
    tieBreaker: 1n,
    useCandidate: true,
  })
  const answered = microsecondsPerCall(20_000, () => {
    const message = parseStun(request)
    if (ice.receive(message!, request, path, 1).kind !== 'reply') throw new Error('not answered')
  })
  const signatures = microsecondsPerCall(20_000, () => {
    createHmac('sha1', ice.localPassword).update(request).digest()
    createHmac('sha1', ice.localPassword).update(request).digest()
  })
  return [figure('answer a check', 'µs', answered, ['two bare HMAC-SHA1', signatures])]
}
