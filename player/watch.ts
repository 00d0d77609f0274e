import { Edges, isReachable } from './edges.ts'
import { RefusedError } from './http-session.ts'
import { Moves } from './moves.ts'
import { NextPicture } from './next-picture.ts'
import {
  backoff,
  bitrateText,
  byId,
  delay,
  fetchJson,
  pageStream,
  pageToken,
  percentText,
  withToken,
} from './page.ts'
import { Picture } from './picture.ts'
import { followEvents } from './session-events.ts'
import { StallWatch } from './stall-watch.ts'
import { statsOf, type ViewerStats, ViewerStatsReader } from './viewer-stats.ts'
import { type Viewing, view } from './whep-client.ts'

type State = 'connecting' | 'catching-up' | 'live' | 'waiting' | 'reconnecting' | 'stopped'

/** A connection on a lossy, distant link is up within two or three seconds. */
const connectMs = 10_000
const pollMs = 500

const stream = pageStream()
const video = byId('video', HTMLVideoElement)
const picture = new Picture(video, byId('still', HTMLCanvasElement))
const screen = video.parentElement!
const sound = byId('sound', HTMLButtonElement)
const { dataset } = document.documentElement

const edges = new Edges()
let learnt: Promise<void> | undefined
const firstLive = Promise.withResolvers<void>()

let current: Viewing | undefined
/** Moves of the current session to other nodes. */
let moves: Moves<Viewing> | undefined

// The request leaves before anything else on the page is made ready.
void watch()
preparePage()
void findNearest()

async function watch(): Promise<never> {
  setState('connecting', 'Connecting …')
  for (let attempt = 0; ; attempt++) {
    try {
      const end = await stay(await join())
      attempt = 0
      setState('reconnecting', 'The connection was lost. Connecting again …')
      if (end === 'unreachable') edges.giveUp()
      if (end === 'lost') await delay(backoff(attempt))
      picture.release()
    } catch (error) {
      picture.release()
      await waitAfter(error, attempt)
    } finally {
      current?.close()
      current = undefined
    }
  }
}

/** Begins to watch at the present node. */
async function join(): Promise<Viewing> {
  let postedAt = Number.NaN
  const viewing = await view(`${edges.present}/whep/${stream}`, pageToken(), (media) =>
    picture.show(media, {
      firstFrame: (at) => {
        const joinMs = Math.round(at - postedAt)
        dataset.joinMs = String(joinMs)
        byId('join', HTMLElement).textContent = `First picture after ${joinMs} ms`
        setState('catching-up', 'Catching up …')
      },
      live: (at) => {
        dataset.liveMs = String(Math.round(at - postedAt))
        setState('live', 'Live')
        firstLive.resolve()
      },
    }),
  )
  postedAt = viewing.postedAt
  return viewing
}

/** `moved on`: it was asked to go elsewhere, and ended before it could play there. */
type End = 'lost' | 'unreachable' | 'moved on'

/** Watches, at whichever node the page is sent to, until the session cannot be saved. */
async function stay(first: Viewing): Promise<End> {
  for (let viewing = first; ; ) {
    const next = await watchOnce(viewing)
    if (typeof next === 'string') return next
    viewing.close()
    viewing = next
  }
}

/** @returns why the session is over, or the one that has taken its place */
async function watchOnce(viewing: Viewing): Promise<End | Viewing> {
  current = viewing
  const origin = originOf(viewing)
  edges.moveTo(origin)
  const { promise: told, resolve: tell } = Promise.withResolvers<End>()
  let next: Viewing | undefined
  const here = new Moves<Viewing>({
    open: openUnseen,
    after: (at) => edges.after(at),
    done: (opened) => {
      next = opened
      tell('moved on')
    },
  })
  moves = here
  let stopEvents = () => {}
  void learnt?.then(() => {
    if (viewing !== current || !edges.hasOthers) return
    stopEvents = followEvents(viewing.resource, {
      reconnect: (to = location.origin) => here.ask(to),
      broken: async () => {
        if (!(await isReachable(origin))) tell('unreachable')
      },
    })
  })
  try {
    const end = await Promise.race([untilLost(viewing), told])
    if (next) return next
    if (here.wanted === undefined) return end
    edges.moveTo(here.wanted)
    return 'moved on'
  } finally {
    here.close()
    moves = undefined
    stopEvents()
  }
}

const originOf = ({ resource }: Viewing) => new URL(resource.url).origin

/**
 * Looks whether another node is nearer, and goes on there. The picture comes first: what is asked
 * while it joins would delay it, and be delayed by it.
 */
async function findNearest(): Promise<void> {
  learnt = edges.learn()
  await learnt
  if (!edges.hasOthers) return
  await firstLive.promise
  const nearer = await edges.nearer()
  if (nearer !== undefined) moves?.ask(nearer)
}

/**
 * Plays at that node, unseen until it is live: the viewer shall not notice.
 *
 * @throws as `view`
 */
async function openUnseen(origin: string, signal: AbortSignal): Promise<Viewing | undefined> {
  let unseen: NextPicture | undefined
  let next: Viewing | undefined
  try {
    next = await view(`${origin}/whep/${stream}`, pageToken(), (media) => {
      unseen = new NextPicture(media, screen, signal)
    })
    // A page that nobody looks at is shown no frames to tell by.
    const isGood = (await unseen?.live) || (document.hidden && (await hasMedia(next)))
    if (!unseen || !isGood || signal.aborted) return undefined
    await picture.replace(unseen.stream)
    const shown = next
    next = undefined
    return shown
  } finally {
    unseen?.close()
    next?.close()
  }
}

async function hasMedia({ peer }: Viewing): Promise<boolean> {
  return new ViewerStatsReader().read(await statsOf(peer)).progress > 0
}

async function untilLost(viewing: Viewing): Promise<End> {
  const { peer, postedAt } = viewing
  const reader = new ViewerStatsReader()
  let stall: StallWatch | undefined
  for (;;) {
    await delay(pollMs)
    if (viewing !== current) return 'lost'
    const stats = reader.read(await statsOf(peer))
    showStats(stats)
    if (isLost(peer)) return 'lost'
    const now = performance.now()
    if (stats.progress === 0) {
      if (now - postedAt > connectMs) return 'lost'
      continue
    }
    stall ??= new StallWatch(now)
    const end = await endOf(stall, stats, now)
    if (end) return end
  }
}

/** @returns undefined while it is not over */
async function endOf(stall: StallWatch, stats: ViewerStats, now: number): Promise<End | undefined> {
  const motion = stall.update(stats.progress, now)
  if (motion === 'moving') {
    // Sound alone never shows a frame; and a picture that stood still moves again.
    if (dataset.state === 'waiting' || stats.width === undefined) setState('live', 'Live')
    return undefined
  }
  const url = `${edges.present}/api/v1/streams/${stream}`
  const status = (await fetchJson(url)) as { state?: unknown } | undefined
  if (status === undefined && edges.hasOthers && !(await isReachable(edges.present))) {
    return 'unreachable'
  }
  if (status?.state !== 'inactive') return motion === 'hopeless' ? 'lost' : undefined
  // The server keeps the session for the publisher's return; a new one would gain nothing.
  stall.excuse(now)
  setState('waiting', 'The publisher is away. The picture returns by itself.')
  return undefined
}

// A server that ends the session closes DTLS, which a connection's own state may not show.
function isLost(peer: RTCPeerConnection): boolean {
  const transport = peer.getReceivers()[0]?.transport?.state
  return [peer.connectionState, transport].some((state) => state === 'failed' || state === 'closed')
}

async function waitAfter(error: unknown, attempt: number): Promise<void> {
  if (!(error instanceof RefusedError)) {
    setState('reconnecting', 'The server cannot be reached. Trying again …')
    edges.giveUp()
    return delay(backoff(attempt))
  }
  const wait = error.retryAfter === undefined ? backoff(attempt) : error.retryAfter * 1000
  if (error.status === 409 || error.status === 404) {
    setState('waiting', 'Waiting for the stream to begin …')
  } else if (error.status === 429 || error.status >= 500) {
    setState('reconnecting', `The server is busy: ${error.message}. Trying again …`)
  } else {
    setState('stopped', `This stream cannot be shown: ${error.message}.`)
    // For good: the same request would get the same answer.
    return new Promise(() => {})
  }
  return delay(wait)
}

function setState(state: State, text: string): void {
  if (dataset.state === state && byId('state', HTMLElement).textContent === text) return
  dataset.state = state
  byId('state', HTMLElement).textContent = text
}

function showStats(stats: ViewerStats): void {
  const { width, height, framesPerSecond, codec, bitrate, rttMs, lossFraction, freezes } = stats
  const parts = [
    width && height ? `${width} × ${height}` : undefined,
    framesPerSecond === undefined ? undefined : `${Math.round(framesPerSecond)} fps`,
    codec,
    bitrate === undefined ? undefined : bitrateText(bitrate),
    rttMs === undefined ? undefined : `RTT ${Math.round(rttMs)} ms`,
    lossFraction === undefined ? undefined : `loss ${percentText(lossFraction)}`,
    `freezes ${freezes}`,
  ]
  byId('stats', HTMLElement).textContent = parts.filter((part) => part !== undefined).join(' · ')
}

function preparePage(): void {
  document.title = `${stream} · Tailrace`
  byId('title', HTMLElement).textContent = stream
  byId('status-link', HTMLAnchorElement).href = withToken(`/status/${stream}`)
  byId('home-link', HTMLAnchorElement).href = withToken('/')
  sound.addEventListener('click', () => {
    video.muted = false
    video.play().catch(() => {})
  })
  const offerSound = () => {
    sound.hidden = !video.muted && !video.paused
  }
  for (const event of ['volumechange', 'play', 'pause']) video.addEventListener(event, offerSound)
  addEventListener('pagehide', () => current?.close())
  // Back from the browser's cache with its session gone.
  addEventListener('pageshow', ({ persisted }) => persisted && location.reload())
}
