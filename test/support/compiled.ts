import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'

const addon = join(import.meta.dirname, '..', '..', 'native', 'addon')

/**
 * Path of a C program of the tests, compiled once per version of its source.
 *
 * @param name of a file of this folder, without `.c`
 */
export function compiled(name: string): string {
  const source = join(import.meta.dirname, `${basename(name)}.c`)
  return compile(name, ['cc', '-O2', source], [source])
}

/**
 * As `compiled`, a program in C++ that includes sources of the addon.
 *
 * @param name of a file of this folder, without `.cc`
 */
export function compiledWithAddon(name: string): string {
  const source = join(import.meta.dirname, `${basename(name)}.cc`)
  const sources = readdirSync(addon).filter((file) => /\.(cc|h)$/.test(file))
  const depends = [source, ...sources.sort().map((file) => join(addon, file))]
  return compile(name, ['c++', '-std=c++17', '-O2', '-I', addon, source], depends)
}

function compile(
  name: string,
  [compiler, ...args]: readonly [string, ...string[]],
  depends: readonly string[],
): string {
  const hash = createHash('sha256')
  for (const file of depends) hash.update(readFileSync(file))
  const folder = join(tmpdir(), 'tailrace-test')
  const path = join(folder, `${name}-${hash.digest('hex').slice(0, 16)}`)
  if (existsSync(path)) return path
  mkdirSync(folder, { recursive: true })
  const fresh = `${path}.${process.pid}`
  execFileSync(compiler, [...args, '-o', fresh])
  renameSync(fresh, path)
  return path
}
