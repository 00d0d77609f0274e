import { compilesCleanly } from './addon.js'
import { runChild } from './child.js'
import { inRoot, root, toolEnvironment } from './paths.js'

const checks = [
  { name: 'types', command: ['tsc', '--pretty', 'false'] },
  { name: 'types of the player', command: ['tsc', '--pretty', 'false', '-p', 'player'] },
  { name: 'format and lint', command: ['biome', 'check', '.'] },
  { name: 'promises and switches', command: ['oxlint', '--type-aware'] },
]

/** Runs every check, also after one has failed; resolves to how many passed and failed. */
export async function runChecks(executable) {
  const counts = { passed: 0, failed: 0, skipped: 0 }
  const env = toolEnvironment(executable)
  for (const { name, command } of checks) {
    process.stdout.write(`\n# ${name}: ${command.join(' ')}\n`)
    const [tool, ...args] = command
    const code = await runChild(inRoot('node_modules', '.bin', tool), args, { cwd: root, env })
    counts[code === 0 ? 'passed' : 'failed']++
  }
  process.stdout.write('\n# warnings of the native addon\n')
  const outcome = { true: 'passed', false: 'failed', undefined: 'skipped' }[compilesCleanly()]
  if (outcome === 'skipped') process.stdout.write('skipped: no C++ compiler for Linux here\n')
  counts[outcome]++
  return counts
}
