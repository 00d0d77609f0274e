/**
 * What one customer may write from, so that it counts as one: an IPv4 address itself, also when
 * mapped into IPv6; of an IPv6 address the first groups, a /64 unless told otherwise.
 *
 * @param address as Node prints it
 * @param groups of 16 bits that count, of IPv6
 */
export function networkOf(address: string, groups = 4): string {
  const dotted = /(?:^|:)(\d+\.\d+\.\d+\.\d+)$/.exec(address)
  if (dotted) return dotted[1]!
  const [head = '', tail = ''] = address.split('%', 1)[0]!.split('::')
  const [before, after] = [head, tail].map((side) => (side === '' ? [] : side.split(':')))
  const zeros = Array<string>(Math.max(0, 8 - before!.length - after!.length)).fill('0')
  return [...before!, ...zeros, ...after!].slice(0, groups).join(':')
}
