import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The repository, with a separator at its end. */
export const root = fileURLToPath(new URL('..', import.meta.url))

/** A place in the repository. */
export const inRoot = (...parts) => join(root, ...parts)

/** The environment in which `node` is `executable` and our tools are found by name. */
export function toolEnvironment(executable) {
  const path = [join(executable, '..'), inRoot('node_modules', '.bin'), process.env.PATH ?? '']
  // Some tools colour what goes into a file too, unless told not to.
  const colour = process.stdout.isTTY ? {} : { NO_COLOR: '1' }
  return { ...process.env, ...colour, PATH: path.join(delimiter) }
}
