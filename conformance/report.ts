import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Protocol, Verdict } from './check.ts'
import { type ClauseNote, clausesIn, notesIn } from './clause-map.ts'
import type { Row } from './runner.ts'

const verdicts: readonly Verdict[] = ['pass', 'fail', 'differs', 'not offered', 'not seen']
const protocols: readonly Protocol[] = ['WHIP', 'WHEP']
const docs = join(import.meta.dirname, '..', 'docs')

/** The report for people at a terminal: a line for each check, then the counts. */
export function formatReport(rows: readonly Row[]): string {
  const lines = rows.map(({ verdict, clause, level, title, accepts, evidence }) => {
    const also = accepts === undefined ? '' : ` [${accepts}]`
    return `${verdict.padEnd(12)}${clause.padEnd(9)}${level.padEnd(9)}${title}${also}: ${evidence}`
  })
  return `${[...lines, '', ...tallies(rows)].join('\n')}\n`
}

/** The same as Markdown, with the clauses that no check looks at. */
export async function formatMarkdown(rows: readonly Row[]): Promise<string> {
  const parts = protocols
    .filter((protocol) => rows.some((row) => isOf(protocol, row)))
    .map((protocol) => chapter(protocol, rows))
  return `# Conformance report

Written by \`npm run conformance\`; what the words mean stands in [conformance.md](conformance.md).

${tallies(rows)
  .map((line) => `- ${line}`)
  .join('\n')}

${(await Promise.all(parts)).join('\n')}`
}

async function chapter(protocol: Protocol, rows: readonly Row[]): Promise<string> {
  const own = rows.filter((row) => isOf(protocol, row))
  const seen = own.map(({ clause, level, title, accepts, verdict, evidence }) =>
    tableRow([clause, level, accepts ? `${title} (${accepts})` : title, verdict, evidence]),
  )
  const others = (await unseen(protocol, own)).map(({ clause, note }) => tableRow([clause, note]))
  return `## ${protocol}

| clause | level | what | verdict | seen |
| --- | --- | --- | --- | --- |
${seen.join('\n')}

Not to be seen from outside, or not without harm; what checks it in Tailrace, or why nothing does:

| clause | by |
| --- | --- |
${others.join('\n')}
`
}

async function unseen(protocol: Protocol, rows: readonly Row[]): Promise<ClauseNote[]> {
  const checklist = await readFile(join(docs, 'clauses', `${protocol.toLowerCase()}.md`), 'utf8')
  const notes = notesIn(await readFile(join(docs, 'rfc.md'), 'utf8'), protocol)
  const looked = new Set(rows.map(({ clause }) => clause))
  return clausesIn(checklist)
    .filter((clause) => !looked.has(clause))
    .map((clause) => {
      const found = notes.filter((note) => note.clause === clause).map(({ note }) => note)
      return { clause, note: [...new Set(found)].join('; ') }
    })
}

function tallies(rows: readonly Row[]): string[] {
  return protocols.flatMap((protocol) => {
    const own = rows.filter((row) => isOf(protocol, row))
    if (own.length === 0) return []
    const counts = verdicts
      .map((verdict) => [verdict, own.filter((row) => row.verdict === verdict).length] as const)
      .filter(([, count]) => count > 0)
      .map(([verdict, count]) => `${count} ${verdict}`)
    const failed = own.filter(({ level, verdict }) => level === 'MUST' && verdict === 'fail').length
    return [`${protocol}: ${counts.join(', ')}; ${failed} of the MUSTs failed`]
  })
}

function isOf(protocol: Protocol, { clause }: Row): boolean {
  return clause.startsWith(`${protocol}-`)
}

function tableRow(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
}
