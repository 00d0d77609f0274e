import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { runChild } from './child.js'
import { Failure } from './failure.js'
import { inRoot } from './paths.js'

// The first release in which running .ts files is called stable.
const oldest = [24, 12]

/** Whether `version` ("v24.21.0", or without the v) can run this project. */
function isRecent(version) {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number)
  return major > oldest[0] || (major === oldest[0] && minor >= oldest[1])
}

/**
 * Path of a Node that runs this project: the one that the `node` package brought. Where npm
 * did not run that package's install script, runs it; where it has no binary for this
 * platform, takes the Node that runs us if that is recent enough.
 */
export async function bundledNode() {
  const binary = inRoot('node_modules', 'node', 'bin', 'node')
  if (runs(binary)) return binary
  const installer = inRoot('node_modules', 'node', 'installArchSpecificPackage.js')
  if (existsSync(installer)) {
    process.stderr.write('tailrace: npm left out the install step of "node": running it now\n')
    await runChild(process.execPath, [installer], {
      cwd: inRoot('node_modules', 'node'),
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    if (runs(binary)) return binary
  }
  if (isRecent(process.version)) return process.execPath
  throw new Failure(
    `no Node ${oldest.join('.')} or newer: the "node" package brought no binary that runs on ` +
      `${process.platform}-${process.arch}, and this is Node ${process.version}.\n` +
      'Install a newer Node, or remove node_modules and try again with npm 10 or newer.',
  )
}

function runs(binary) {
  if (!existsSync(binary)) return false
  const { status, stdout } = spawnSync(binary, ['--version'], { encoding: 'utf8' })
  return status === 0 && isRecent(stdout.trim())
}
