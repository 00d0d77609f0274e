import { parentPort } from 'node:worker_threads'
import { loadAddon } from '#native/addon-file.ts'
import { AddonPlane } from '#native/addon-plane.ts'

// A plane in a thread of its own that is never closed: it hears itself without end.

const addon = loadAddon()
if ('why' in addon) throw new Error(addon.why)
const options = { addresses: ['127.0.0.1'], port: 0, rung: 'auto', threads: 2 } as const
const plane = await AddonPlane.open(addon.binding, options, {
  control(datagram, path) {
    plane.sendControl(datagram, path)
    parentPort?.postMessage('heard')
  },
  media() {},
  rtcp() {},
  starved() {},
  started() {},
  caughtUp() {},
  congested() {},
})
const { port } = plane.addresses[0]!
const self = {
  transport: 'udp',
  family: 4,
  remoteAddress: '127.0.0.1',
  remotePort: port,
  localAddress: '127.0.0.1',
} as const
for (let i = 0; i < 64; i++) plane.sendControl(Buffer.alloc(200, 1), self)
