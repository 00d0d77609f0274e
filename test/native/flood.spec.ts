import { describe, expect, it } from 'vitest'
import type { MediaPlane, MediaPlaneListener } from '#native/media-plane.ts'
import type { Path } from '#native/path.ts'
import { planes, twin } from './planes.ts'
import { until } from './until.ts'

/** Far more than one turn of the event loop may be about. */
const endless = 20_000
const binding = Buffer.alloc(200, 1)

describe.each(planes)('$name, in a flood', (tested) => {
  it('leaves the event loop to others', async () => {
    const flood = new Flood(tested !== twin)
    flood.plane = await tested.open(flood.listener)
    flood.send(2)
    await until(() => flood.heard > 0)
    flood.over = true
    expect(flood.heard).toBeLessThan(endless)
    await flood.plane.close()
  })
})

/** A plane that sends to itself: before one datagram has been heard the next two have come. */
class Flood {
  plane!: MediaPlane
  heard = 0
  over = false
  #sent = 0
  readonly #receivesByItself: boolean
  readonly listener: MediaPlaneListener = {
    control: () => this.#hear(),
    media() {},
    rtcp() {},
    starved() {},
    started() {},
    caughtUp() {},
    congested() {},
  }

  constructor(receivesByItself: boolean) {
    this.#receivesByItself = receivesByItself
  }

  send(count: number): void {
    const { address, port } = this.plane.addresses[0]!
    const self: Path = {
      transport: 'udp',
      family: 4,
      remoteAddress: address,
      remotePort: port,
      localAddress: address,
    }
    for (let i = 0; i < count; i++) this.plane.sendControl(binding, self)
    this.#sent += count
  }

  #hear(): void {
    if (this.over || ++this.heard >= endless) return
    this.send(1)
    // Nothing reaches the twin before the event loop has turned.
    if (!this.#receivesByItself) return
    // The newest but one is in the inbox by then: the receiving thread takes one after the other.
    const { plane } = this
    while (plane.statistics.datagramsReceived < this.#sent);
  }
}
