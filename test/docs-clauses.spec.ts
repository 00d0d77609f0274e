import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { clausesIn, notesIn } from '#conformance/clause-map.ts'

const rfc = readFileSync('docs/rfc.md', 'utf8')

describe.each(['WHIP', 'WHEP'] as const)('%s in docs/rfc.md', (protocol) => {
  const checklist = readFileSync(`docs/clauses/${protocol.toLowerCase()}.md`, 'utf8')
  const clauses = clausesIn(checklist)
  const notes = notesIn(rfc, protocol)

  it('has every clause of the checklist, with a spec or a reason', () => {
    expect(clauses.length).toBeGreaterThan(100)
    const found = new Set(notes.filter(({ note }) => note !== '').map(({ clause }) => clause))
    expect(clauses.filter((clause) => !found.has(clause))).toEqual([])
  })

  it('has no clause that there is not', () => {
    const known = new Set(clauses)
    expect(notes.map(({ clause }) => clause).filter((clause) => !known.has(clause))).toEqual([])
  })

  it('names specs that there are', () => {
    const specs = notes.flatMap(({ note }) => note.match(/[\w/-]+\.spec\.ts/g) ?? [])
    expect(specs.length).toBeGreaterThan(10)
    // A name alone stands in the folder of the one before it.
    const isThere = (spec: string) => existsSync(`test/${spec}`) || !spec.includes('/')
    expect([...new Set(specs)].filter((spec) => !isThere(spec))).toEqual([])
  })
})
