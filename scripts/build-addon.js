// npm run build:addon: compiles the native addon and shows what the compiler says.
import { rebuildAddon } from './addon.js'
import { ensureDependencies } from './dependencies.js'
import { finish } from './failure.js'

await finish(async () => {
  await ensureDependencies()
  return rebuildAddon()
})
