/**
 * A number that looks like chance and is the same on every node: FNV-1a, then the final mix of
 * MurmurHash3, since FNV alone keeps ids that differ in their last letter in order.
 *
 * @returns 0 to 2^32 − 1
 */
export function hashOf(first: string, second: string): number {
  let hash = absorb(0x811c9dc5, first)
  // A letter that no id has, so that "ab" and "c" differ from "a" and "bc".
  hash = Math.imul(hash ^ 0x1f, 0x01000193)
  hash = absorb(hash, second)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

/** The same as a part of one: 0 to just below 1. */
export function shareOf(first: string, second: string): number {
  return hashOf(first, second) / 2 ** 32
}

function absorb(hash: number, text: string): number {
  let mixed = hash
  for (let at = 0; at < text.length; at++) {
    mixed = Math.imul(mixed ^ text.charCodeAt(at), 0x01000193)
  }
  return mixed
}
