/** Where docs/rfc.md says that a clause is checked, or why it has no spec. */
export interface ClauseNote {
  readonly clause: string
  /** Specs, or a reason. */
  readonly note: string
}

/** Numbers of a checklist in docs/clauses/: its items begin with `- WHIP-12`. */
export function clausesIn(checklist: string): string[] {
  return [...checklist.matchAll(/^- ((?:WHIP|WHEP)-\d+) /gm)].map(([, clause]) => clause!)
}

/**
 * Reads the tables of a chapter of docs/rfc.md whose first column lists clauses (`2, 4–6`, the
 * name of the protocol only at the first) and whose last says what checks them, or why nothing
 * does.
 */
export function notesIn(rfc: string, protocol: 'WHIP' | 'WHEP'): ClauseNote[] {
  const chapter = rfc.split(/^## /m).find((text) => text.startsWith(protocol)) ?? ''
  return chapter
    .split('\n')
    .filter((line) => /^\| (?:WHIP-|WHEP-)?\d/.test(line))
    .flatMap((line) => {
      const cells = line.split('|').map((cell) => cell.trim())
      const note = cells.at(-2) ?? ''
      return numbersIn(cells[1] ?? '').map((number) => ({ clause: `${protocol}-${number}`, note }))
    })
}

function numbersIn(cell: string): number[] {
  return cell
    .replaceAll(/\([^)]*\)/g, '')
    .split(',')
    .flatMap((part) => {
      const [, first, last = first] = /(\d+)(?:–(\d+))?/.exec(part) ?? []
      if (first === undefined) return []
      const length = Number(last) - Number(first) + 1
      return Array.from({ length }, (_, i) => Number(first) + i)
    })
}
