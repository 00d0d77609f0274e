/**
 * Network form of an IP address: 4 or 16 bytes.
 *
 * @param address as Node prints it; an IPv6 zone (`%eth0`) is left out
 * @returns undefined for anything that is no IP address
 */
export function addressBytes(address: string): Buffer | undefined {
  return address.includes(':') ? ipv6Bytes(address.split('%')[0]!) : ipv4Bytes(address)
}

function ipv4Bytes(address: string): Buffer | undefined {
  const parts = address.split('.')
  if (parts.length !== 4) return undefined
  if (!parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) <= 255)) return undefined
  return Buffer.from(parts.map(Number))
}

function ipv6Bytes(address: string): Buffer | undefined {
  const halves = address.split('::')
  if (halves.length > 2) return undefined
  const head = groups(halves[0]!, halves.length === 1)
  const tail = groups(halves[1] ?? '', true)
  if (!head || !tail) return undefined
  const missing = 16 - head.length - tail.length
  // "::" stands for at least one group of zeros, and only it may stand for any (RFC 4291 §2.2).
  if (halves.length === 2 ? missing < 2 : missing !== 0) return undefined
  return Buffer.from([...head, ...Buffer.alloc(missing), ...tail])
}

// Groups of 16 bits. The last two of an address may be written as an IPv4 address.
function groups(text: string, last: boolean): number[] | undefined {
  if (text === '') return []
  const parts = text.split(':')
  const bytes: number[] = []
  for (const [index, part] of parts.entries()) {
    const ipv4 = last && index === parts.length - 1 ? ipv4Bytes(part) : undefined
    if (ipv4) {
      bytes.push(...ipv4)
    } else if (/^[0-9a-fA-F]{1,4}$/.test(part)) {
      const group = Number.parseInt(part, 16)
      bytes.push(group >> 8, group & 0xff)
    } else {
      return undefined
    }
  }
  return bytes
}

/**
 * Text of a network address, IPv6 in the canonical form of RFC 5952 §4: lower case, the longest
 * run of zero groups as `::`.
 *
 * @param bytes 4 or 16
 */
export function addressText(bytes: Buffer): string {
  if (bytes.length === 4) return bytes.join('.')
  const words = Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(2 * i))
  let best = { start: 0, length: 0 }
  for (let start = 0; start < 8; start++) {
    let length = 0
    while (start + length < 8 && words[start + length] === 0) length++
    if (length > best.length) best = { start, length }
  }
  const text = words.map((word) => word.toString(16))
  if (best.length < 2) return text.join(':')
  const head = text.slice(0, best.start).join(':')
  const tail = text.slice(best.start + best.length).join(':')
  return `${head}::${tail}`
}
