/**
 * SSRCs that one key may protect. Each costs both sides a replay window while it is in use, and
 * a link that has used up so many has lived for long: a new connection costs it nothing.
 */
export const mostLinkSsrcs = 65_536

/**
 * The link-local SSRCs of one direction of one control connection, for the node that sends.
 *
 * A GCM nonce is made of SSRC and packet index (RFC 7714 §8.1), and two packets under one nonce
 * give away both and the key of the tags. Publishers choose their SSRCs and numbers as they like:
 * OBS comes back with the same ones, from 0. So no run of packets keeps the publisher's SSRC, and
 * no two runs under one key get the same one: not when a layer comes back, not in a new epoch.
 *
 * They ascend from 1, so the receiver sees that one was used before without a list of them.
 */
export class LinkSsrcs {
  #used = 0

  /** @returns an SSRC of its own for one run; undefined when exhausted: open a new connection */
  next(): number | undefined {
    if (this.#used === mostLinkSsrcs) return undefined
    this.#used++
    return this.#used
  }
}

/** The same for the node that receives: knows an SSRC that cannot be new. */
export class SeenSsrcs {
  #newest = 0

  /** @param ssrcs of one message, in any order @returns false if one of them was named before */
  accept(ssrcs: readonly number[]): boolean {
    const isNew = new Set(ssrcs).size === ssrcs.length
    if (!isNew || ssrcs.some((ssrc) => ssrc <= this.#newest)) return false
    this.#newest = Math.max(this.#newest, ...ssrcs)
    return true
  }
}
