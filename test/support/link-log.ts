/** What a node has written of its links. */
export interface LinkNote {
  /** Who wrote it. */
  readonly node: string
  readonly side: 'parent' | 'child'
  /** What `side` says that it is to the writer. */
  readonly other: string
  /** As agreed; undefined where the link has ended. */
  readonly version: number | undefined
  /** Why it has ended. */
  readonly reason: string | undefined
  /** As pino counts: 30 is info, 50 an error. */
  readonly level: number
}

/** @returns undefined for a line about something else */
export function readLinkNote(node: string, line: string): LinkNote | undefined {
  if (!line.startsWith('{')) return undefined
  const said = JSON.parse(line) as Record<string, unknown>
  if (said.msg !== 'link opened' && said.msg !== 'link ended') return undefined
  const side = 'parent' in said ? 'parent' : 'child'
  return {
    node,
    side,
    other: String(said[side]),
    version: said.version as number | undefined,
    reason: said.reason as string | undefined,
    level: Number(said.level),
  }
}
