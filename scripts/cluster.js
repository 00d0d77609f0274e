// npm run cluster: the nodes of docker-compose.yml as processes on one machine, until Ctrl-C.
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { clusterHelp, parseClusterFlags } from './cluster/flags.ts'
import { freeBase, takenFrom } from './cluster/free-ports.ts'
import { clusterPlan } from './cluster/plan.ts'
import { prefixed } from './cluster/prefixed.ts'
import { RunningCluster } from './cluster/running-cluster.ts'
import { clusterSecrets } from './cluster/secrets.ts'
import { servicePrograms } from './cluster/services.ts'
import { renderSummary } from './cluster/summary.ts'
import { Failure, finish } from './failure.js'
import { inRoot, root } from './paths.js'

// A first start on a busy machine of two cores, in ms.
const readyWithin = 60_000

/** Nodes that are still there then are killed, in ms: four stages that drain one after the other. */
const stopWithin = 30_000

/** Of signals that come closer together, in ms, npm and the terminal have sent the same twice. */
const sameSignal = 1_000

// Debian keeps servers where a user's path does not look, and so does Go what it installs.
const folders = [...process.env.PATH.split(delimiter), '/usr/sbin', join(homedir(), 'go', 'bin')]

const print = (text) => process.stdout.write(text)

await finish(async () => {
  const flags = inWords(() => parseClusterFlags(process.argv.slice(2)))
  if (flags.help) {
    print(clusterHelp)
    return 0
  }
  const folder = flags.keep ? inRoot('data', 'cluster') : mkdtempSync(join(tmpdir(), 'tailrace-'))
  try {
    return await run(flags, folder)
  } finally {
    if (!flags.keep) rmSync(folder, { recursive: true, force: true })
  }
})

async function run({ basePort: given, address, omit }, folder) {
  const basePort = await baseFor(given, address)
  const secrets = clusterSecrets(folder, process.env)
  const installed = installedPrograms()
  const node = process.execPath
  const plan = clusterPlan({ basePort, address, folder, root, node, secrets, installed, omit })
  const needed = plan.absent.filter(({ isNeeded }) => isNeeded)
  if (needed.length > 0) {
    const names = needed.map(({ name }) => name).join(' and ')
    const install = needed.map(({ install }) => `  ${install}`).join('\n')
    throw new Failure(
      `a cluster needs ${names}, which this machine does not have. As root:\n${install}`,
    )
  }
  const say = prefixed(print, plan.programs, process.stdout.isTTY === true)
  return await until(stopSignals(), plan, { say, publishKey: secrets.publishKey })
}

async function baseFor(given, address) {
  let taken
  try {
    if (given === undefined) return await freeBase(address)
    taken = await takenFrom(given, address)
  } catch (error) {
    throw new Failure(error.message)
  }
  if (taken.length === 0) return given
  throw new Failure(
    `these ports are in use: ${taken.join(', ')}.\nTake another --base-port, or none at all.`,
  )
}

async function until({ first, second }, plan, { say, publishKey }) {
  let cluster
  try {
    cluster = await RunningCluster.start(plan.programs, { say, readyWithin, signal: first })
  } catch (error) {
    if (first.aborted) return 130
    throw new Failure(`${error.message}; its lines above say more`)
  }
  const pids = new Map(cluster.programs.map(({ program, pid }) => [program.name, pid]))
  print(renderSummary({ plan, publishKey, pids }))
  await Promise.race([cluster.ended(), aborted(first)])
  second.addEventListener('abort', () => cluster.kill())
  const killed = await cluster.stop(stopWithin)
  for (const name of killed) say(name, 'did not end in time: killed')
  return killed.length === 0 ? 0 : 1
}

/** Aborted by the first signal to end, and by one that comes after it. */
function stopSignals() {
  const [first, second] = [new AbortController(), new AbortController()]
  let firstAt = Number.NaN
  const onSignal = () => {
    if (!first.signal.aborted) {
      firstAt = performance.now()
      first.abort()
    } else if (performance.now() - firstAt > sameSignal) second.abort()
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, onSignal)
  return { first: first.signal, second: second.signal }
}

function aborted(signal) {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

function inWords(parse) {
  try {
    return parse()
  } catch (error) {
    throw new Failure(`${error.message}\n"npm run cluster -- --help" lists the flags.`)
  }
}

/** Programs that this machine has, with their places. */
function installedPrograms() {
  const found = servicePrograms.map((program) => {
    const folder = folders.find((one) => existsSync(join(one, program)))
    return [program, folder && join(folder, program)]
  })
  return new Map(found.filter(([, place]) => place))
}
