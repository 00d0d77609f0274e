// npm start: everything from a fresh clone to a running node. Arguments after `--` go to it.
import { finish } from './failure.js'
import { inRoot } from './paths.js'
import { runNode } from './runtime.js'

// Of a join nearly everything is garbage at once. More room for it would be memory that the promise
// of 64 KiB a viewer counts, and saves no time worth the name.
const youngGeneration = '--max-semi-space-size=4'

await finish(() => {
  return runNode([youngGeneration, inRoot('server', 'main.ts'), ...process.argv.slice(2)])
})
