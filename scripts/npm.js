import { runChild } from './child.js'
import { root } from './paths.js'

/** Runs the npm that runs us, or else the one on the path; resolves to its exit code. */
export function npm(args) {
  const cli = process.env.npm_execpath ?? ''
  return cli.endsWith('npm-cli.js')
    ? runChild(process.execPath, [cli, ...args], { cwd: root })
    : runChild('npm', args, { cwd: root, shell: process.platform === 'win32' })
}
