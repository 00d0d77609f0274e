import type { PacketPlace } from '#native/packet-store.ts'
export class TempLink {
  readonly statistics = { packets: 0, bytes: 0, retransmitted: 0, replayed: 0, probed: 0 }
  hasSent = true
  needsPump = false
  log: any
  id: number; peer: any; format: any = { kind: 'video' }; run: any; outlet: any
  place: PacketPlace = { bytes: Buffer.alloc(0), offset: 0, length: 0 }
  next: number | undefined
  timestampDelta = undefined
  constructor(id: number, peer: any, run: any, outlet: any) { this.id = id; this.peer = peer; this.run = run; this.outlet = outlet }
  follow(_s: any, log: any) { this.leave(); this.log = log; log.members.add(this) }
  replay(s: any, log: any, r: any) { this.follow(s, log); for (let i = Math.max(r.from, log.start); i < log.end; i++) this.deliver(i) }
  leave() { this.log?.members.delete(this); this.log = undefined }
  pump() { return undefined }
  setPace() {}
  setLivePace() {}
  probe() {}
  deliver(index: number) {
    const out = index - this.run.base
    if (out < 0 || !this.log.locate(index, this.place)) return
    const { bytes, offset, length } = this.place
    const d = this.outlet.take()
    bytes.copy(d, 0, offset, offset + length)
    d.writeUInt16BE(out & 0xffff, 2); d.writeUInt32BE(this.run.ssrc, 8)
    let h = 12 + 4 * (d[0]! & 15); if (d[0]! & 16) h += 4 + 4 * d.readUInt16BE(h + 2)
    const n = this.peer.sender.protectRtp(d, h, length, out)
    this.outlet.send(d, n, this.peer)
    this.next = Math.max(this.next ?? 0, out + 1)
    this.statistics.packets++
  }
  retransmit(numbers: number[]) {
    let held = true
    for (const s of numbers) {
      const behind = (this.next! - s) & 0xffff
      const index = this.next! - (behind === 0 ? 65536 : behind) + this.run.base
      if (index < this.log.start) held = false
      else { this.deliver(index); this.statistics.retransmitted++ }
    }
    return held
  }
}
