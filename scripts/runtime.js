import { ensureAddon } from './addon.js'
import { bundledNode } from './bundled-node.js'
import { runChild } from './child.js'
import { ensureDependencies } from './dependencies.js'
import { toolEnvironment } from './paths.js'

/** Makes a fresh clone ready to run; resolves to the Node to run it with. */
export async function prepare() {
  await ensureDependencies()
  ensureAddon()
  return bundledNode()
}

/** Runs Node with these arguments once everything is in place; resolves to its exit code. */
export async function runNode(args) {
  const executable = await prepare()
  // The pages' TypeScript is stripped by a function that Node still calls experimental.
  const quiet = '--disable-warning=ExperimentalWarning'
  return runChild(executable, [quiet, ...args], { env: toolEnvironment(executable) })
}
