import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { connect, createServer, type Server } from 'node:net'
import { describe, expect, it } from 'vitest'
import { framed } from '#native/twin/tcp-frames.ts'
import { hex } from '#test/support/bytes.ts'
import { onEveryPlane } from './on-every-plane.ts'
import { PlaneRig } from './plane-rig.ts'
import { planes, type TestedPlane } from './planes.ts'
import { until } from './until.ts'

const stun = hex('000100002112a442000000000000000000000000')
const descriptors = () => readdirSync('/proc/self/fd').length

onEveryPlane('strangers who connect', (it) => {
  it('and say nothing have to go, in their thousands, and peers never notice', async (rig) => {
    const peer = await rig.admitted()
    const before = descriptors()
    let ended = 0
    const total = 2000
    for (let made = 0; made < total; made += 100) {
      await Promise.all(
        Array.from({ length: 100 }, async () => {
          const socket = connect({ port: rig.port, host: '127.0.0.1' })
          socket.on('error', () => {})
          socket.on('close', () => ended++)
          await Promise.race([once(socket, 'connect'), once(socket, 'close')]).catch(() => {})
        }),
      )
    }
    // All but as many as one address may have with nobody vouching for them.
    await until(() => ended >= total - 64)
    // Both ends of those that are left are of this process.
    expect(descriptors() - before).toBeLessThanOrEqual(2 * 64 + 8)
    const count = rig.controls.length
    peer.send(stun)
    await until(() => rig.controls.length > count)
    expect(peer.ended).toBe(false)
  })
})

it('connections that are nobody’s have to go after a time', { timeout: 30_000 }, async () => {
  const toGo = async (plane: TestedPlane) => {
    const rig = await PlaneRig.open(plane)
    const [silent, half, unanswered] = [
      await rig.connected(),
      await rig.connected(),
      await rig.connected(),
    ]
    const peer = await rig.admitted()
    half.write(framed(stun).subarray(0, 10))
    unanswered.send(stun)
    await until(() => rig.controls.length === 2)
    expect([silent, half, unanswered].map(({ ended }) => ended)).toEqual([false, false, false])
    await until(() => silent.ended && half.ended && unanswered.ended, 25_000)
    expect(peer.ended).toBe(false)
    expect(rig.controls).toHaveLength(2)
    await rig.close()
  }
  // All at once: it takes ten seconds.
  await Promise.all(planes.map(toGo))
})

describe.each(planes)('the TCP port ($name)', (plane) => {
  it('is that of UDP', async () => {
    const rig = await PlaneRig.open(plane, { addresses: ['127.0.0.1', '127.0.0.2', '::1'] })
    const ports = new Set(rig.plane.addresses.map(({ port }) => port))
    expect(ports.size).toBe(1)
    for (const { address, port } of rig.plane.addresses) {
      const socket = connect({ host: address, port })
      await once(socket, 'connect')
      socket.destroy()
    }
    await rig.close()
  })

  it('that is taken says that it is the one of TCP', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address() as Exclude<ReturnType<Server['address']>, string | null>
    await expect(PlaneRig.open(plane, { port })).rejects.toMatchObject({
      code: 'EADDRINUSE',
      transport: 'tcp',
    })
    other.close()
  })
})
