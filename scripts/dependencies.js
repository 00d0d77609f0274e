import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { Failure } from './failure.js'
import { npm } from './npm.js'
import { inRoot } from './paths.js'

const stampFile = inRoot('node_modules', '.tailrace-installed')

/** Installs what package-lock.json names, unless it was installed from this very lock before. */
export async function ensureDependencies() {
  const wanted = stampOf(readFileSync(inRoot('package-lock.json')))
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === wanted) return
  process.stderr.write('tailrace: installing dependencies, once\n')
  // Not `ci`: it refuses a lock without the binaries of platforms that a registry lacks.
  const code = await npm(['install', '--no-save', '--include=dev', '--loglevel=error'])
  if (code !== 0) {
    throw new Failure(
      `npm could not install the dependencies (exit code ${code}; its words are above).\n` +
        'It needs a reachable npm registry. Try again, or run "npm install" to see more.',
    )
  }
  writeFileSync(stampFile, wanted)
}

function stampOf(lock) {
  const hash = createHash('sha256').update(lock).digest('hex')
  return `${hash} ${process.platform}-${process.arch}\n`
}
