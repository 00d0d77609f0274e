import { expect } from 'vitest'
import type { DropReason } from '#native/media-plane.ts'
import type { Path } from '#native/path.ts'
import { hex } from '#test/support/bytes.ts'
import { writeBindingRequest, writeBindingSuccess } from '#webrtc/stun-writer.ts'
import { onEveryPlane } from './on-every-plane.ts'
import type { PlaneRig } from './plane-rig.ts'
import type { UdpPeer } from './udp-peer.ts'
import { until } from './until.ts'

const ufrag = 'ours+ufrag/1'
const password = 'the password of this session'
const hello = hex('16fefd0000000000000000000100')

function check(of: { readonly username?: string; readonly password?: string } = {}): Buffer {
  return writeBindingRequest({
    transactionId: Buffer.alloc(12, 7),
    username: of.username ?? `${ufrag}:theirs`,
    password: of.password ?? password,
    priority: 1,
    tieBreaker: 1n,
    useCandidate: true,
  })
}

function success({ remoteAddress: address, remotePort: port }: Path): Buffer {
  return writeBindingSuccess({ transactionId: Buffer.alloc(12, 7), address, port, password })
}

async function dropped(rig: PlaneRig, reason: DropReason, count: number): Promise<void> {
  await until(() => rig.plane.statistics.dropped[reason] === count)
}

/** More of them than anybody may send at once. */
async function flood(rig: PlaneRig, from: UdpPeer, datagram: Buffer): Promise<void> {
  for (let i = 0; i < 150; i++) from.send(datagram, rig.port)
  const { plane } = rig
  const before = rig.controls.length
  await until(() => {
    const heard = rig.controls.length - before + plane.statistics.dropped['too-often']
    return heard >= 150
  })
}

onEveryPlane('a plane that expects a session', (it) => {
  it('tells of its checks as they are', async (rig) => {
    rig.plane.expect(ufrag, password)
    const stranger = await rig.stranger()
    stranger.send(check(), rig.port)
    await until(() => rig.controls.length === 1)
    expect(rig.controls).toEqual([{ datagram: check(), path: stranger.path }])
  })

  it('tells of no check that names another, cannot be read, or is none', async (rig) => {
    rig.plane.expect(ufrag, password)
    const stranger = await rig.stranger()
    const whole = check()
    const bad = [
      check({ username: 'another:theirs' }),
      check({ username: `${ufrag}x:theirs` }),
      check({ username: ufrag }),
      whole.subarray(0, 24),
      whole.subarray(0, whole.length - 4),
      Buffer.from(whole).fill(0xff, 22, 24),
      Buffer.from(whole).fill(0, 4, 8),
      success(stranger.path),
      hex('000100002112a442000000000000000000000000'),
    ]
    for (const datagram of bad) stranger.send(datagram, rig.port)
    await dropped(rig, 'unknown-ufrag', bad.length)
    expect(rig.controls).toEqual([])
  })

  it('tells of no check by who does not know the password', async (rig) => {
    rig.plane.expect(ufrag, password)
    const stranger = await rig.stranger()
    stranger.send(check({ password: 'another password' }), rig.port)
    const changed = check()
    changed[8]! ^= 1
    stranger.send(changed, rig.port)
    await dropped(rig, 'bad-integrity', 2)
    expect(rig.controls).toEqual([])
  })

  it('forgets it', async (rig) => {
    rig.plane.expect(ufrag, password)
    rig.plane.expect('another', password)
    rig.plane.forget(ufrag)
    const stranger = await rig.stranger()
    stranger.send(check(), rig.port)
    await dropped(rig, 'unknown-ufrag', 1)
    stranger.send(check({ username: 'another:theirs' }), rig.port)
    await until(() => rig.controls.length === 1)
  })

  it('tells of DTLS from where a check was answered, and from nowhere else', async (rig) => {
    rig.plane.expect(ufrag, password)
    const [stranger, peer] = [await rig.stranger(), await rig.stranger()]
    for (const one of [stranger, peer]) one.send(hello, rig.port)
    await dropped(rig, 'unknown-path', 2)
    rig.plane.sendControl(success(peer.path), peer.path)
    for (const one of [stranger, peer]) one.send(hello, rig.port)
    await dropped(rig, 'unknown-path', 3)
    await until(() => rig.controls.length === 1)
    expect(rig.controls).toEqual([{ datagram: hello, path: peer.path }])
  })

  it('hears a peer with keys, whatever was answered', async (rig) => {
    rig.plane.expect(ufrag, password)
    const { peer } = await rig.peer()
    peer.send(hello, rig.port)
    await until(() => rig.controls.length === 1)
  })

  it('tells of no more than a session sends, however many come', async (rig) => {
    rig.plane.expect(ufrag, password)
    rig.plane.expect('another', password)
    const [busy, other] = [await rig.stranger(), await rig.stranger()]
    await flood(rig, busy, check())
    expect(rig.controls.length).toBeLessThan(150)
    other.send(check({ username: 'another:theirs' }), rig.port)
    await until(() => rig.controls.some(({ path }) => path.remotePort === other.path.remotePort))
  })

  it('tells of no more DTLS than a handshake is, of a peer with keys neither', async (rig) => {
    rig.plane.expect(ufrag, password)
    const { peer } = await rig.peer()
    await flood(rig, peer as UdpPeer, hello)
    expect(rig.controls.length).toBeLessThan(150)
  })
})
