// npm run check: types and lint, without any test.
import { runChecks } from './checks.js'
import { finish } from './failure.js'
import { prepare } from './runtime.js'

await finish(async () => {
  const { failed } = await runChecks(await prepare())
  return failed === 0 ? 0 : 1
})
