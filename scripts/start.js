// npm start: everything from a fresh clone to a running node. Arguments after `--` go to it.
import { finish } from './failure.js'
import { inRoot } from './paths.js'
import { runNode } from './runtime.js'

await finish(() => runNode([inRoot('server', 'main.ts'), ...process.argv.slice(2)]))
