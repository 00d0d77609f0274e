import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { addonSources, coreOfAddon, dialect } from './addon.js'
import { inRoot } from './paths.js'

const folder = inRoot('native', 'addon', 'build', 'sanitized')
const stampFile = join(folder, 'stamp')
const corpus = (name) => join(folder, 'corpus', name)
const seeds = join(folder, 'seeds')

const address = ['-fsanitize=address,undefined', '-fno-sanitize-recover=all']
// What Node would bring. Only the library is there without its development package.
const libraries = ['-l:libcrypto.so.3']

/** Programs of `native/addon` that look for faults: what each is compiled with, and how it is run. */
export const programs = [
  { name: 'incoming', source: 'fuzz/incoming-fuzz.cc', core: 'fuzz', run: fuzz },
  { name: 'gate', source: 'fuzz/gate-fuzz.cc', core: 'fuzz', run: fuzz },
  { name: 'frames', source: 'fuzz/tcp-frames-fuzz.cc', core: 'fuzz', run: fuzz },
  { name: 'shard', source: 'fuzz/shard-fuzz.cc', core: 'fuzz', run: fuzz },
  { name: 'feedback', source: 'fuzz/feedback-fuzz.cc', core: 'fuzz', run: fuzz },
  { name: 'session', source: 'fuzz/session-fuzz.cc', core: 'fuzz', run: fuzz },
  { name: 'threads', source: 'tsan/threads.cc', core: 'threads', run: race },
]
const cores = {
  fuzz: {
    compile: ['-fsanitize=fuzzer-no-link', ...address],
    link: ['-fsanitize=fuzzer', ...address],
  },
  threads: { compile: ['-fsanitize=thread'], link: ['-fsanitize=thread'] },
}

/** The compiler that can build them, or why there is none. */
export function findClang() {
  if (process.platform !== 'linux') return { why: 'they need Linux' }
  const versions = Array.from({ length: 10 }, (_, i) => `clang++-${23 - i}`)
  const clang = ['clang++', ...versions].find(canSanitize)
  return clang
    ? { clang }
    : { why: 'they need clang with its sanitizers (Debian: apt-get install clang libclang-rt-dev)' }
}

function canSanitize(clang) {
  if (spawnSync(clang, ['--version']).status !== 0) return false
  const input =
    'extern "C" int LLVMFuzzerTestOneInput(const unsigned char*, unsigned long) { return 0; }'
  const args = ['-x', 'c++', '-', '-o', '/dev/null', ...cores.fuzz.link, ...libraries]
  return spawnSync(clang, args, { input }).status === 0
}

/** Compiles all programs unless these very sources were compiled before; the words of failure. */
export async function buildPrograms(clang) {
  const stamp = stampOf(clang)
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) return ''
  for (const part of [folder, seeds, ...programs.map(({ name }) => corpus(name))]) {
    mkdirSync(part, { recursive: true })
  }
  writeSeeds()
  const compiled = Object.entries(cores).map(async ([core, { compile, link }]) => {
    const object = join(folder, `${core}.o`)
    const words = await compileText(clang, [...compile, '-c', '-o', object], coreOfAddon())
    if (words) return words
    const failures = programs
      .filter((program) => program.core === core)
      .map(({ name, source }) => {
        const file = inRoot('native', 'addon', source)
        return compileText(
          clang,
          [...link, file, object, ...libraries, '-o', join(folder, name)],
          '',
        )
      })
    return (await Promise.all(failures)).join('')
  })
  const words = (await Promise.all(compiled)).join('')
  if (!words) writeFileSync(stampFile, stamp)
  return words
}

function compileText(clang, args, text) {
  const common = [...dialect, '-O1', '-g', '-I', inRoot('native', 'addon')]
  const input = text ? ['-x', 'c++', '-'] : []
  return output(clang, [...common, ...input, ...args], text).then(({ code, words }) =>
    code === 0 ? '' : words,
  )
}

/** Runs one for about that long; `failed` with its words, `skipped` with the reason, or `passed`. */
export function runProgram({ name, run }, seconds) {
  return run(name, seconds)
}

async function fuzz(name, seconds) {
  const { code, words } = await output(join(folder, name), [
    `-max_total_time=${seconds}`,
    '-max_len=4096',
    '-len_control=0',
    '-timeout=30',
    '-print_final_stats=1',
    `-artifact_prefix=${join(folder, name)}-`,
    corpus(name),
    seeds,
  ])
  const inputs = /number_of_executed_units: (\d+)/.exec(words)?.[1] ?? '0'
  if (code === 0) return { outcome: 'passed', words: `${inputs} inputs, no fault` }
  const repeat = `To repeat it: ${join(folder, name)} FILE, where FILE is the "Test unit" above.`
  return { outcome: 'failed', words: `${lastLines(words)}\n${repeat}` }
}

async function race(name, seconds) {
  const { code, words } = await output(join(folder, name), [String(seconds)])
  if (code === 0) return { outcome: 'passed', words: words.trim() }
  // A kernel that places memory more randomly than this clang knows: nothing was run.
  const unable = /FATAL: ThreadSanitizer: .*/.exec(words)?.[0]
  return unable
    ? { outcome: 'skipped', words: unable }
    : { outcome: 'failed', words: lastLines(words) }
}

function output(command, args, input = '') {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: folder })
    let words = ''
    const hear = (data) => {
      words = (words + data).slice(-200_000)
    }
    child.stdout.on('data', hear)
    child.stderr.on('data', hear)
    child.stdin.on('error', () => undefined)
    child.stdin.end(input)
    child.on('error', (error) => resolve({ code: 1, words: error.message }))
    child.on('close', (code) => resolve({ code: code ?? 1, words }))
  })
}

// libFuzzer finds the long inputs that commands need much faster when it is given some.
function writeSeeds() {
  for (let seed = 0; seed < 32; seed++) {
    const blocks = Array.from({ length: 96 }, (_, i) =>
      createHash('sha256').update(`${seed} ${i}`).digest(),
    )
    writeFileSync(join(seeds, String(seed)), Buffer.concat(blocks))
  }
}

function stampOf(clang) {
  const hash = createHash('sha256').update(JSON.stringify([clang, dialect, cores, libraries]))
  for (const part of ['.', 'fuzz', 'tsan']) {
    for (const file of addonSources(part)) hash.update(readFileSync(file))
  }
  return hash.digest('hex')
}

const lastLines = (words) => words.trim().split('\n').slice(-60).join('\n')
