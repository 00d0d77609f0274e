import { createSocket } from 'node:dgram'
import { planes } from '#test/native/planes.ts'

/* `throwing-listener-process.ts PLANE` has a bug in what hears of a datagram, and sends one. */

const plane = planes.find(({ name }) => name === process.argv[2])
if (!plane) throw new Error(`no plane "${process.argv[2]}"`)
const { addresses } = await plane.open({
  control() {
    throw new Error('a bug of the listener')
  },
  media() {},
  rtcp() {},
  starved() {},
  started() {},
  caughtUp() {},
  congested() {},
})
const socket = createSocket('udp4')
socket.send(Buffer.alloc(20), addresses[0]!.port, addresses[0]!.address)
