import { setTimeout as sleep } from 'node:timers/promises'
import type { ViewCommand } from './arguments.ts'
import { createClientContext } from './client-connection.ts'
import { warmUp } from './http-signalling.ts'
import { Viewer, viewerUserAgent } from './viewer.ts'
import { reportOn, type ViewerReport } from './viewer-report.ts'

/** Reasons in full words that are worth a line each; what repeats says nothing new. */
const maxMessages = 5
/** Sessions ended at one time: a server has other things to do than a thousand DELETEs at once. */
const leavingTogether = 50

/**
 * Starts the viewers one after the other, lets them watch, ends them, and reports.
 *
 * @param say gets lines for people, without line ends
 * @param signal ends the run early; what was measured until then is reported
 */
export async function viewStream(
  command: ViewCommand,
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<ViewerReport> {
  const { url, token } = command
  const context = createClientContext()
  const viewers: Viewer[] = []
  const messages = new Set<string>()
  const joins: Promise<void>[] = []
  const join = async (viewer: Viewer) => {
    const message = await viewer.join()
    if (message === undefined || signal.aborted || messages.has(message)) return
    messages.add(message)
    if (messages.size <= maxMessages) say(message)
  }
  await warmUp({ url, token, userAgent: viewerUserAgent, signal })
  const start = context.loop.now()
  for (let number = 0; number < command.viewers && !signal.aborted; number++) {
    await until(start + (number * 1000) / command.ramp, context.loop.now(), signal)
    if (signal.aborted) break
    const viewer = new Viewer(context, { url, token, signal })
    viewers.push(viewer)
    joins.push(join(viewer))
  }
  await sleepUnless(signal, command.duration * 1000)
  // Before the sessions end: a viewer is judged by what it had while it was there.
  const results = viewers.map((viewer) => viewer.result)
  await Promise.all(joins)
  for (let at = 0; at < viewers.length; at += leavingTogether) {
    await Promise.all(viewers.slice(at, at + leavingTogether).map((viewer) => viewer.leave()))
  }
  return reportOn(results)
}

function until(at: number, now: number, signal: AbortSignal): Promise<void> {
  return at > now ? sleepUnless(signal, at - now) : Promise.resolve()
}

async function sleepUnless(signal: AbortSignal, ms: number): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => {})
}
