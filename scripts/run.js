// Runs a TypeScript file of this repository as the server is run: node scripts/run.js load/main.ts …
import { finish } from './failure.js'
import { runNode } from './runtime.js'

await finish(() => runNode(process.argv.slice(2)))
