import { execFileSync } from 'node:child_process'
import { expect, it } from 'vitest'

it('the specs run under the Node that the "node" package brought', () => {
  const bundled = execFileSync('node_modules/node/bin/node', ['--version'], { encoding: 'utf8' })
  expect(process.version).toBe(bundled.trim())
})
