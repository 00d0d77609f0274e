/** Whether an address, as Node prints it, is of this very machine (RFC 1122 §3.2.1.3, RFC 4291). */
export function isLoopbackAddress(address: string): boolean {
  return address === '::1' || /^(::ffff:)?127\./.test(address)
}
