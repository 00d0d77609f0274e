import type { Check, Protocol } from './check.ts'

/** A check of a sentence that stands in both specifications, under a number of each. */
export interface SharedCheck extends Omit<Check, 'clause'> {
  readonly whip?: number
  readonly whep?: number
}

/** The checks that the protocol has a number for. */
export function checksOf(protocol: Protocol, shared: readonly SharedCheck[]): Check[] {
  return shared.flatMap(({ whip, whep, ...check }) => {
    const number = protocol === 'WHIP' ? whip : whep
    return number === undefined ? [] : [{ clause: `${protocol}-${number}`, ...check }]
  })
}
