// RFC 6184 §8.1, table 5: profile_idc, and the bits of profile-iop from the highest down, where
// x may be either.
const table: readonly (readonly [name: string, idc: number, iop: string])[] = [
  ['constrained-baseline', 0x42, 'x1xx0000'],
  ['constrained-baseline', 0x4d, '1xxx0000'],
  ['constrained-baseline', 0x58, '11xx0000'],
  ['baseline', 0x42, 'x0xx0000'],
  ['baseline', 0x58, '10xx0000'],
  ['main', 0x4d, '0x0x0000'],
  ['constrained-high', 0x64, '00001100'],
  ['high', 0x64, '00000000'],
]

/**
 * Name of the profile that a `profile-level-id` stands for: several spellings mean the same one.
 *
 * @returns its first four digits where the table knows no name
 */
export function h264Profile(profileLevelId: string): string {
  const idc = Number.parseInt(profileLevelId.slice(0, 2), 16)
  const iop = Number.parseInt(profileLevelId.slice(2, 4), 16)
  const bits = iop.toString(2).padStart(8, '0')
  const row = table.find(([, rowIdc, pattern]) => rowIdc === idc && matches(bits, pattern))
  return row?.[0] ?? profileLevelId.slice(0, 4).toLowerCase()
}

function matches(bits: string, pattern: string): boolean {
  return [...pattern].every((expected, i) => expected === 'x' || expected === bits[i])
}
