import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'

/**
 * Path of a C program of the tests, compiled once per version of its source.
 *
 * @param name of a file of this folder, without `.c`
 */
export function compiled(name: string): string {
  const source = join(import.meta.dirname, `${basename(name)}.c`)
  const hash = createHash('sha256').update(readFileSync(source)).digest('hex').slice(0, 16)
  const folder = join(tmpdir(), 'tailrace-test')
  const path = join(folder, `${name}-${hash}`)
  if (existsSync(path)) return path
  mkdirSync(folder, { recursive: true })
  const fresh = `${path}.${process.pid}`
  execFileSync('cc', ['-O2', '-o', fresh, source])
  renameSync(fresh, path)
  return path
}
