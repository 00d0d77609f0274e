import { expect, it } from 'vitest'
import { nodeName } from '#server/cluster/node-name.ts'

it.each(['box', 'a b/ü', 'x'.repeat(300), ''])('names a node on host %j', (host) => {
  const name = nodeName(host)
  expect(name).toMatch(/^[A-Za-z0-9._-]{9,64}$/)
  expect(nodeName(host)).not.toBe(name)
})
