/**
 * Whether an `If-Match` field holds for this strong tag (RFC 9110 §13.1.1). `*` holds for any;
 * so does `"*"`, as the examples of RFC 9725 §4.3.3 print it. A weak tag never matches.
 *
 * @param etag quotes included
 */
export function ifMatchHolds(field: string, etag: string): boolean {
  const candidates = field.split(',').map((candidate) => candidate.trim())
  return candidates.some((candidate) => ['*', '"*"', etag].includes(candidate))
}
