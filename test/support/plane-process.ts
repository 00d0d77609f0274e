import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import type { MediaPlaneListener } from '#native/media-plane.ts'
import { PacketLog } from '#relay/packet-log.ts'
import { planes } from '#test/native/planes.ts'
import { labelled, SlabWriter } from './stored-packets.ts'

/*
 * `plane-process.ts PLAN` opens a media plane, as `PlanePlan` says in JSON, prints its port,
 * waits for a line, sends a stream to all viewers, and prints the statistics of the plane.
 */

/** What the process is to do. */
export interface PlanePlan {
  /** Name of one of `planes`. */
  readonly plane: string
  readonly addresses: readonly string[]
  readonly viewers: readonly {
    readonly address: string
    readonly port: number
    readonly localAddress: string
  }[]
  readonly frames: number
  /** Ms. */
  readonly interval: number
  readonly packetsPerFrame: number
  readonly packetSize: number
}

const plan: PlanePlan = JSON.parse(process.argv[2] ?? '')
const tested = planes.find(({ name }) => name === plan.plane)
if (!tested) throw new Error(`no plane "${plan.plane}"`)
const nobody: MediaPlaneListener = {
  control() {},
  media() {},
  rtcp() {},
  starved() {},
  started() {},
  caughtUp() {},
  congested() {},
}
const plane = await tested.open(nobody, { addresses: plan.addresses })
const packets = new PacketLog()
const log = plane.openLog(packets)
for (const [i, { address, port, localAddress }] of plan.viewers.entries()) {
  const master = { key: Buffer.alloc(16, i), salt: Buffer.alloc(12, i) }
  const path = {
    transport: 'udp',
    family: 4,
    remoteAddress: address,
    remotePort: port,
    localAddress,
  } as const
  plane.addPeer(i + 1, { profile: 7, local: master, remote: master }, path)
  const format = { kind: 'video', ssrc: i + 1, clockRate: 90_000, cname: 'viewer' } as const
  plane.follow(plane.addTrack(i + 1, format), { log, payloadType: 96 })
}
process.stdout.write(`${plane.addresses[0]!.port}\n`)
const commands = createInterface({ input: process.stdin })
await once(commands, 'line')

const writer = new SlabWriter()
for (let frame = 0; frame < plan.frames; frame++) {
  // Never two at once: what was late on a busy machine stays late.
  const next = delay(plan.interval)
  deliver(frame * plan.packetsPerFrame)
  await next
}
const total = plan.viewers.length * plan.frames * plan.packetsPerFrame
const deadline = performance.now() + 10_000
while (accounted() < total && performance.now() < deadline) await delay(5)
process.stdout.write(`${JSON.stringify(plane.statistics)}\n`)
await once(commands, 'close')
await plane.close()

function deliver(first: number): void {
  const { packetsPerFrame, packetSize } = plan
  const timestamp = Number(process.hrtime.bigint() / 1000n) % 2 ** 32
  const indices = Float64Array.from({ length: packetsPerFrame }, (_, i) => first + i)
  for (const index of indices) {
    const marker = index === first + packetsPerFrame - 1
    const header = { sequenceNumber: index & 0xffff, timestamp, marker }
    const { slab, offset, length } = writer.write(labelled('', header, packetSize))
    packets.append(index, slab, offset, length, performance.now())
  }
  plane.deliver(log, indices, packetsPerFrame)
}

/** Datagrams that left or that did not, and will not. */
function accounted(): number {
  const { datagramsSent, sendErrors, sendDrops } = plane.statistics
  return datagramsSent + sendErrors + sendDrops.late + sendDrops.full
}
