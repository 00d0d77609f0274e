/**
 * One figure of a bench. Machines are shared and noisy, so each stands beside a reference taken
 * in the same run: compare ratios between runs, never values.
 */
export interface Figure {
  readonly name: string
  readonly unit: string
  readonly value: number
  /** What the reference is, in words. */
  readonly against: string
  readonly reference: number
  readonly ratio: number
}

export function figure(
  name: string,
  unit: string,
  value: number,
  [against, reference]: readonly [against: string, reference: number],
): Figure {
  return { name, unit, value, against, reference, ratio: value / reference }
}

/** Aligned for a terminal. */
export function figureTable(figures: readonly Figure[]): string {
  const rows = figures.map(({ name, unit, value, against, reference, ratio }) => [
    name,
    `${shown(value)} ${unit}`,
    `${shown(reference)} ${unit}`,
    ratio.toFixed(2),
    against,
  ])
  const all = [['figure', 'value', 'reference', 'ratio', 'which reference'], ...rows]
  const widths = all[0]!.map((_, column) => Math.max(...all.map((row) => row[column]!.length)))
  return all
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

function shown(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3)
}
