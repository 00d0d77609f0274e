import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import { inRoot } from './paths.js'

const sources = inRoot('native', 'addon')
const folder = join(sources, 'build')
const addon = join(folder, 'tailrace.node')
const stampFile = join(folder, 'tailrace.stamp')

/** Said by every message below, so that nobody takes it for an error. */
const instead = 'the TypeScript media plane serves instead, at several times the CPU per viewer'
const installCompiler =
  'To get it, install a C++ compiler (Debian, Ubuntu: apt-get install g++; Alpine: apk add g++) ' +
  'and start again.'

/** What every compilation of the C++ has in common, those of the fuzz targets too. */
export const dialect = ['-std=c++17', '-pthread', '-Wall', '-Wextra']
export const headers = [
  '-I',
  sources,
  '-isystem',
  inRoot('node_modules', 'node-api-headers', 'include'),
]

export const flags = [
  ...dialect,
  '-O2',
  '-fPIC',
  '-shared',
  '-fvisibility=hidden',
  '-fstack-protector-strong',
  '-DNAPI_VERSION=9',
  // A function that this Node lacks fails the load, where the twin can step in, not a call.
  '-Wl,-z,now',
]

/**
 * Compiles the native addon unless it was compiled from these very sources before. Nothing that
 * goes wrong here stops the program: it then says what serves instead, and what to install.
 *
 * @returns whether the addon is there
 */
export function ensureAddon() {
  try {
    const stamp = stampOfSources()
    return isBuilt(stamp) || build(stamp, 'ignore')
  } catch (error) {
    return without(error.message)
  }
}

/** Compiles it now, and shows what the compiler says; the exit code. */
export function rebuildAddon() {
  return build(stampOfSources(), 'inherit') ? 0 : 1
}

function build(stamp, stderr) {
  const { platform } = process
  if (platform !== 'linux') return without(`it needs Linux, and this is ${platform}`)
  const compiler = findCompiler()
  if (!compiler) return without('this machine has no C++ compiler', installCompiler)
  process.stderr.write('tailrace: compiling the native addon, once\n')
  mkdirSync(folder, { recursive: true })
  const temporary = `${addon}.${process.pid}`
  const args = [...flags, ...headers, '-o', temporary, '-x', 'c++', '-']
  const stdio = ['pipe', 'ignore', stderr]
  const { status } = spawnSync(compiler, args, { cwd: sources, input: wholeAddon(), stdio })
  if (status !== 0) {
    rmSync(temporary, { force: true })
    return without(`${compiler} could not compile it`, '"npm run build:addon" shows why.')
  }
  // Another process may be loading the old one, which stays whole behind its name.
  renameSync(temporary, addon)
  writeFileSync(stampFile, stamp)
  return true
}

/** Whether every file compiles without a warning; undefined where nothing can compile it. */
export function compilesCleanly() {
  const compiler = process.platform === 'linux' && findCompiler()
  if (!compiler) return undefined
  const args = [...dialect, '-Werror', '-O2', '-fsyntax-only', ...headers, '-x', 'c++', '-']
  const stdio = ['pipe', 'ignore', 'inherit']
  return spawnSync(compiler, args, { cwd: sources, input: wholeAddon(), stdio }).status === 0
}

/** The C++ compiler of this machine, by the name to call it; `CXX` goes before all others. */
export function findCompiler(candidates = [process.env.CXX, 'c++', 'g++', 'clang++']) {
  return candidates.find((name) => name && spawnSync(name, ['--version']).status === 0)
}

/** Every C++ file of the addon as one text: one invocation compiles all of it, and inlines. */
const wholeAddon = () => asText(sourceFiles('.', /\.cc$/))

/** The same without what speaks to Node, for programs of our own. */
export const coreOfAddon = () =>
  asText(sourceFiles('.', /\.cc$/).filter((name) => !speaksToNode(name)))

const asText = (names) => names.map((name) => `#include "${name}"\n`).join('')

function speaksToNode(name) {
  const text = readFileSync(join(sources, name), 'utf8')
  if (text.includes('<node_api.h>')) return true
  return [...text.matchAll(/^#include "(.+)"$/gm)].some(([, included]) => speaksToNode(included))
}

/** Paths of all C++ files in a folder of the addon. */
export function addonSources(part = '.') {
  return sourceFiles(part, /\.(h|cc)$/).map((name) => join(sources, part, name))
}

function isBuilt(stamp) {
  return existsSync(addon) && existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp
}

function without(reason, advice) {
  const hint = advice ? ` ${advice}` : ''
  process.stderr.write(`tailrace: no native addon: ${reason}; ${instead}.${hint}\n`)
  discard()
  return false
}

// One of other sources would not understand our TypeScript.
function discard() {
  try {
    for (const file of [stampFile, addon]) rmSync(file, { force: true })
  } catch {
    // On a read-only disk nobody has changed the sources either.
  }
}

// Not by the version of Node: Node-API and the functions of OpenSSL that we call stay as they are.
function stampOfSources() {
  const hash = createHash('sha256').update(flags.join(' '))
  for (const file of addonSources()) hash.update(basename(file)).update(readFileSync(file))
  return `${hash.digest('hex')} ${process.platform}-${process.arch}\n`
}

function sourceFiles(part, ending) {
  const isSource = (name) => ending.test(name)
  return readdirSync(join(sources, part)).filter(isSource).sort()
}
