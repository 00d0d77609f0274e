/** Bytes of the length before each frame (RFC 4571 §2). */
const headerSize = 2
/** Bytes of the longest frame taken: more than any datagram that we negotiate. */
const maxFrame = 2048

/** A datagram as one frame (RFC 4571 §2), in memory of its own. */
export function framed(datagram: Buffer, length = datagram.length): Buffer {
  const frame = Buffer.allocUnsafe(headerSize + length)
  frame.writeUInt16BE(length)
  datagram.copy(frame, headerSize, 0, length)
  return frame
}

/**
 * Cuts a stream into frames (RFC 4571 §2, RFC 6544 §10), however its bytes come. Keeps at most
 * one frame that is not whole yet.
 */
export class TcpFrames {
  #held: Buffer | undefined

  /**
   * @param onFrame called with each frame that is not empty, borrowed; false ends the stream
   * @returns false when the stream has to end: by `onFrame`, or for a frame too long
   */
  take(bytes: Buffer, onFrame: (frame: Buffer) => boolean): boolean {
    const all = this.#held ? Buffer.concat([this.#held, bytes]) : bytes
    let at = 0
    while (at + headerSize <= all.length) {
      const start = at + headerSize
      const end = start + all.readUInt16BE(at)
      if (end - start > maxFrame) return false
      if (end > all.length) break
      if (end > start && !onFrame(all.subarray(start, end))) return false
      at = end
    }
    // Copied: a piece of a chunk would keep the whole of it.
    this.#held = at < all.length ? Buffer.from(all.subarray(at)) : undefined
    return true
  }
}
