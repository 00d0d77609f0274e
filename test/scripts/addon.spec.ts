import { spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

const hasCompiler = ['c++', 'g++', 'clang++'].some(
  (name) => spawnSync(name, ['--version']).status === 0,
)
const instead = 'the TypeScript media plane serves instead'

describe.skipIf(process.platform !== 'linux')('compiling the addon', () => {
  let folder: string
  const source = () => join(folder, 'native', 'addon', 'only.cc')
  const addon = () => join(folder, 'native', 'addon', 'build', 'tailrace.node')

  /** What `npm start` does about it, in a clone of its own with one small source. */
  function ensure(env: Record<string, string> = {}) {
    const call = `import('${folder}/scripts/addon.js').then((addon) => addon.ensureAddon())`
    const options = { env: { ...process.env, ...env }, encoding: 'utf8' } as const
    const { status, stderr } = spawnSync(process.execPath, ['--eval', call], options)
    return { status, stderr }
  }

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tailrace-addon-'))
    cpSync('scripts', join(folder, 'scripts'), { recursive: true })
    cpSync('package.json', join(folder, 'package.json'))
    mkdirSync(join(folder, 'native', 'addon'), { recursive: true })
    writeFileSync(source(), 'extern "C" int answer() { return 42; }\n')
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  it.skipIf(!hasCompiler)('is done once for the same sources, and again for others', () => {
    expect(ensure()).toEqual({ status: 0, stderr: expect.stringContaining('compiling') })
    const first = statSync(addon()).ino
    expect(ensure()).toEqual({ status: 0, stderr: '' })
    expect(statSync(addon()).ino).toBe(first)
    writeFileSync(source(), 'extern "C" int answer() { return 43; }\n')
    expect(ensure().stderr).toContain('compiling')
    expect(statSync(addon()).ino).not.toBe(first)
  })

  it.skipIf(!hasCompiler)('that fails leaves no addon of other sources, and stops nothing', () => {
    ensure()
    writeFileSync(source(), 'extern "C" int answer() { return "42"; }\n')
    const { status, stderr } = ensure()
    expect(status).toBe(0)
    expect(stderr).toContain(instead)
    expect(stderr).toContain('"npm run build:addon" shows why')
    expect(existsSync(addon())).toBe(false)
  })

  it('without a compiler stops nothing, and says what to install', () => {
    const { status, stderr } = ensure({ PATH: folder, CXX: '' })
    expect(status).toBe(0)
    expect(stderr).toContain(instead)
    expect(stderr).toContain('apt-get install g++')
  })
})
