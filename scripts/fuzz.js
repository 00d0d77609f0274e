// npm run fuzz: looks for faults in the native addon. Arguments: a program's name, and seconds.
import { ensureDependencies } from './dependencies.js'
import { Failure, finish } from './failure.js'
import { runSanitizers } from './sanitizer-run.js'
import { programs } from './sanitizers.js'
import { ensureSystemPackages } from './system-packages.js'

await finish(async () => {
  const words = process.argv.slice(2)
  const seconds = Number(words.find((word) => /^\d+$/.test(word)) ?? 60)
  const names = words.filter((word) => !/^\d+$/.test(word))
  const wanted = programs.filter(({ name }) => names.length === 0 || names.includes(name))
  if (wanted.length === 0) {
    throw new Failure(`npm run fuzz -- [${programs.map(({ name }) => name).join(' | ')}] [SECONDS]`)
  }
  await ensureDependencies()
  ensureSystemPackages()
  const { failed } = await runSanitizers(seconds, wanted)
  return failed === 0 ? 0 : 1
})
