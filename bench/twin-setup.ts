import { randomBytes } from 'node:crypto'
import { createSocket, type Socket } from 'node:dgram'
import type { MediaPlaneListener, PeerId, TrackFormat } from '#native/media-plane.ts'
import type { Path } from '#native/path.ts'
import { SlabPool } from '#native/slab.ts'
import type { SrtpKeys } from '#native/srtp-keys.ts'
import { PacketLog } from '#relay/packet-log.ts'
import { buildRtp } from '#rtp/packet.ts'

export const silentListener: MediaPlaneListener = {
  control: () => {},
  media: () => {},
  rtcp: () => {},
  starved: () => {},
  started: () => {},
  caughtUp: () => {},
  congested: () => {},
}

/** GCM, as browsers negotiate. */
export function randomKeys(): SrtpKeys {
  return {
    profile: 7,
    local: { key: randomBytes(16), salt: randomBytes(12) },
    remote: { key: randomBytes(16), salt: randomBytes(12) },
  }
}

/** A socket nobody reads: the kernel drops what does not fit, at the cost of the sender alone. */
export async function sink(): Promise<{ socket: Socket; path: Path }> {
  const socket = createSocket('udp4')
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
  socket.setRecvBufferSize(4096)
  const path: Path = {
    transport: 'udp',
    family: 4,
    remoteAddress: '127.0.0.1',
    remotePort: socket.address().port,
    localAddress: '127.0.0.1',
  }
  return { socket, path }
}

export function videoFormat(peer: PeerId): TrackFormat {
  return {
    kind: 'video',
    ssrc: 0x1000_0000 + peer,
    clockRate: 90_000,
    cname: 'bench',
    rtxSsrc: 0x2000_0000 + peer,
    playoutDelayId: 5,
    transportCcId: 3,
  }
}

/** A log with `count` packets of 1100 bytes, nine a frame. */
export function filledLog(count: number): PacketLog {
  const pool = new SlabPool()
  const log = new PacketLog()
  const payload = randomBytes(1100)
  let slab = pool.take()
  let offset = 0
  for (let index = 0; index < count; index++) {
    const header = {
      payloadType: 96,
      sequenceNumber: index & 0xffff,
      timestamp: Math.floor(index / 9) * 3000,
      ssrc: 1,
      marker: index % 9 === 8,
    }
    const packet = buildRtp(header, payload)
    if (offset + packet.length > slab.bytes.length) {
      slab.release()
      slab = pool.take()
      offset = 0
    }
    packet.copy(slab.bytes, offset)
    log.append(index, slab, offset, packet.length, index)
    offset += packet.length
  }
  return log
}
