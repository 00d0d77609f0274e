import { networkInterfaces } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { Audience } from './audience.ts'
import { createClientContext } from './client-connection.ts'
import type { ViewCommand } from './commands.ts'
import { warmUp } from './http-signalling.ts'
import { NativeSink } from './native-sink.ts'
import { type Mark, RunMeter } from './run-meter.ts'
import { viewerUserAgent } from './viewer.ts'
import { reportOn, type ViewerReport } from './viewer-report.ts'

/** Reasons in full words that are worth a line each; what repeats says nothing new. */
const maxMessages = 5
/** So many viewers are decrypted unless `--decrypt` says otherwise. */
const decryptedViewers = 20
/** After the last join, in ms: replays end, and what is measured from then on is steady. */
const settling = 3000

/**
 * Starts the viewers, lets them watch, come and go, ends them, and reports.
 *
 * @param say gets lines for people, without line ends
 * @param signal ends the run early; what was measured until then is reported
 */
export async function viewStream(
  command: ViewCommand,
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<ViewerReport> {
  const { url, token, viewers, storm } = command
  const sink = command.native ? NativeSink.open() : { why: '--no-native was given' }
  const why = 'why' in sink ? sink.why : undefined
  const context = createClientContext({ ...command, sink: 'why' in sink ? undefined : sink })
  const messages = new Set<string>()
  const audience = new Audience({
    context,
    url,
    token,
    signal,
    follow: command.follow,
    decrypt: command.decrypt ?? Math.max(1, Math.ceil((viewers + storm) / decryptedViewers)),
    onRefusal: (message) => {
      if (messages.has(message)) return
      messages.add(message)
      if (messages.size <= maxMessages) say(message)
    },
  })
  await warmUp({ http: context.http, url, token, userAgent: viewerUserAgent, signal })
  const meter = new RunMeter({ audience, now: () => context.loop.now(), pid: command.pid })
  if (command.pid !== undefined && !meter.start.server) say(`no process ${command.pid} is here`)
  const stopSampling = every(command.sample, () => meter.sample())
  const marks = await run(command, audience, meter, signal)
  stopSampling()
  const report = reportOn({
    results: audience.results,
    ...marks,
    samples: meter.samples,
    latency: meter.latency,
    captureTime: audience.isMarked ? 'marks' : 'sender-reports',
    sameClock: isHere(new URL(url).hostname),
    receiver: why === undefined ? { kind: 'native' } : { kind: 'typescript', why },
    dropped: 'why' in sink ? 0 : sink.dropped,
  })
  await audience.close()
  if (!('why' in sink)) sink.close()
  context.http.close()
  return report
}

/** What happens, in its order; resolves when the time is over. */
async function run(
  command: ViewCommand,
  audience: Audience,
  meter: RunMeter,
  signal: AbortSignal,
): Promise<{ start: Mark; steady: Mark; end: Mark }> {
  const begin = performance.now()
  for (let number = 0; number < command.viewers && !signal.aborted; number++) {
    await until(begin + (number * 1000) / command.ramp, signal)
    if (!signal.aborted) audience.start('ramp')
  }
  for (let number = 0; number < command.storm && !signal.aborted; number++) audience.start('storm')
  const over = performance.now() + command.duration * 1000
  const coming = comeAndGo(command, audience, signal, over)
  await Promise.race([audience.joined(), until(over, signal)])
  // Of a short run, half is for settling.
  const left = Math.max(0, over - performance.now())
  await until(performance.now() + Math.min(settling, left / 2), signal)
  const steady = meter.mark()
  await until(over, signal)
  await coming
  return { start: meter.start, steady, end: meter.mark() }
}

// Viewers leave one by one, those who came first before the others, and are replaced or not.
async function comeAndGo(
  { churn, leave }: ViewCommand,
  audience: Audience,
  signal: AbortSignal,
  over: number,
): Promise<void> {
  const rate = churn ?? leave
  if (rate === undefined) return
  const begin = performance.now()
  for (let number = 1; !signal.aborted; number++) {
    const at = begin + (number * 1000) / rate
    await until(Math.min(at, over), signal)
    if (at >= over || signal.aborted || !audience.leave()) return
    if (churn !== undefined) audience.start('churn')
  }
}

function every(seconds: number | undefined, act: () => void): () => void {
  if (seconds === undefined) return () => {}
  const timer = setInterval(act, seconds * 1000)
  return () => clearInterval(timer)
}

async function until(at: number, signal: AbortSignal): Promise<void> {
  const ms = at - performance.now()
  if (ms > 0) await sleep(ms, undefined, { signal }).catch(() => {})
}

/** Whether a host is this machine, whose clock is ours. */
function isHere(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, '')
  if (host === 'localhost' || host.startsWith('127.')) return true
  return Object.values(networkInterfaces()).some((each) => {
    return each?.some(({ address }) => address === host)
  })
}
