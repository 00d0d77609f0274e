import { buildPrograms, findClang, programs, runProgram } from './sanitizers.js'

/**
 * Runs the fuzz targets side by side, then the thread test, and tells of each; resolves to how many
 * passed, failed and were skipped.
 *
 * @param seconds of each
 */
export async function runSanitizers(seconds, wanted = programs) {
  const counts = { passed: 0, failed: 0, skipped: 0 }
  const tell = (name, { outcome, words }) => {
    counts[outcome]++
    process.stdout.write(`${name}: ${outcome}: ${words}\n`)
  }
  process.stdout.write('\n# faults in the native addon: libFuzzer and sanitizers\n')
  const { clang, why } = findClang()
  const failure = clang ? await buildPrograms(clang) : ''
  const hindrance = why && { outcome: 'skipped', words: why }
  const early = hindrance ?? (failure && { outcome: 'failed', words: failure })
  if (early) {
    for (const { name } of wanted) tell(name, early)
    return counts
  }
  const isFuzz = ({ core }) => core === 'fuzz'
  const fuzzing = wanted.filter(isFuzz).map(async (program) => {
    tell(program.name, await runProgram(program, seconds))
  })
  await Promise.all(fuzzing)
  for (const program of wanted.filter((one) => !isFuzz(one))) {
    tell(program.name, await runProgram(program, seconds))
  }
  return counts
}
