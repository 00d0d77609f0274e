/** What JSON can say. */
export type Json =
  | string
  | number
  | boolean
  | null
  | readonly Json[]
  | { readonly [key: string]: Json }

/**
 * JSON that is the same for the same value (RFC 8785): keys sorted by UTF-16 code units, no
 * spaces; numbers and strings are as ECMAScript writes them (§3.2.2).
 *
 * @throws TypeError for what has no form: NaN, infinities and halves of surrogate pairs
 */
export function canonicalJson(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (value !== null && typeof value === 'object') {
    const members = Object.entries(value)
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([key, member]) => `${scalar(key)}:${canonicalJson(member)}`)
    return `{${members.join(',')}}`
  }
  return scalar(value as string | number | boolean | null)
}

function scalar(value: string | number | boolean | null): string {
  if (typeof value === 'number' && !Number.isFinite(value)) throw new TypeError('no JSON number')
  if (typeof value === 'string' && !value.isWellFormed()) throw new TypeError('no Unicode text')
  return JSON.stringify(value)
}
