import { globSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

interface Panel {
  readonly id: number
  readonly title: string
  readonly targets?: readonly { readonly expr: string }[]
}

const { panels } = JSON.parse(readFileSync('deploy/grafana/dashboards/tailrace.json', 'utf8')) as {
  panels: Panel[]
}
const queries = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr))

// What prom-client counts by itself has its prefix, and no line of ours.
const bySomebodyElse = /^tailrace_(?:process|nodejs)_/

it('the dashboard asks for metrics that there are', () => {
  const sources = globSync('server/**/*.ts').map((file) => readFileSync(file, 'utf8'))
  const ours = new Set(sources.flatMap((text) => text.match(/\btailrace_\w+/g) ?? []))
  const asked = queries.flatMap((query) => query.match(/\btailrace_\w+/g) ?? [])
  expect(asked.length).toBeGreaterThan(15)
  const known = (name: string) =>
    bySomebodyElse.test(name) || ours.has(name.replace(/_bucket$/, ''))
  expect(asked.filter((name) => !known(name))).toEqual([])
})

it('the dashboard can be narrowed to a region or a node everywhere', () => {
  expect(queries.filter((query) => !query.includes('node=~"$node",region=~"$region"'))).toEqual([])
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length)
})
