import { capture, listDevices, type Source } from './capture.ts'
import { RefusedError } from './http-session.ts'
import { backoff, byId, delay, pageToken } from './page.ts'
import { type Encoding, encodingsFor, hasSvc, type LayerChoice } from './publish-layers.ts'
import { PublisherStatsReader } from './publisher-stats.ts'
import { statsOf } from './viewer-stats.ts'
import { type Publication, publish, sendableCodecs } from './whip-client.ts'

type State = 'idle' | 'connecting' | 'live' | 'reconnecting' | 'stopped'

const pollMs = 500

/** A pause of the network; longer, and a new session is quicker than the old one's return. */
const silenceMs = 5000

const form = byId('form', HTMLFormElement)
const preview = byId('preview', HTMLVideoElement)
const start = byId('start', HTMLButtonElement)
const stop = byId('stop', HTMLButtonElement)
const streamField = byId('stream', HTMLInputElement)
const keyField = byId('key', HTMLInputElement)
const codecField = byId('codec', HTMLSelectElement)
const layersField = byId('layers', HTMLSelectElement)
const camera = byId('camera', HTMLSelectElement)
const microphone = byId('microphone', HTMLSelectElement)
const watchLink = byId('watch-link', HTMLAnchorElement)

let current: Publication | undefined
let stopping: AbortController | undefined

preparePage()

async function goLive(): Promise<void> {
  const { signal } = beginning()
  const [height = 720, maxBitrate = 2_500_000] = byId('quality', HTMLSelectElement)
    .value.split(',')
    .map(Number)
  let media: MediaStream | undefined
  try {
    const source = (new FormData(form).get('source') ?? 'camera') as Source
    setState('connecting', 'Waiting for your permission …')
    media = await capture({ source, camera: camera.value, microphone: microphone.value, height })
    preview.srcObject = media
    void listAll()
    // The browser's own "stop sharing" ends the track.
    media.getTracks()[0]?.addEventListener('ended', () => stopping?.abort())
    await keepLive(media, encodingsOf(media, maxBitrate), signal)
    setState('idle', 'Not live')
  } catch (error) {
    setState('stopped', reason(error))
  } finally {
    for (const track of media?.getTracks() ?? []) track.stop()
    ended()
  }
}

function encodingsOf(media: MediaStream, maxBitrate: number): Encoding[] {
  const height = media.getVideoTracks()[0]?.getSettings().height ?? 0
  const codec = codecField.value || undefined
  return encodingsFor(layersField.value as LayerChoice, { codec, height, maxBitrate })
}

/** Publishes again whenever the connection is lost, until told to stop or refused. */
async function keepLive(
  media: MediaStream,
  videoEncodings: readonly Encoding[],
  signal: AbortSignal,
) {
  setState('connecting', 'Connecting …')
  for (let attempt = 0; !signal.aborted; attempt++) {
    try {
      current = await publish(`/whip/${streamField.value}`, media, {
        token: keyField.value || undefined,
        codec: codecField.value || undefined,
        videoEncodings,
      })
      if (await untilLost(current, signal)) attempt = 0
    } catch (error) {
      if (!mayPass(error)) throw error
    } finally {
      current?.close()
      current = undefined
    }
    if (signal.aborted) return
    setState('reconnecting', 'The connection was lost. Connecting again …')
    await delay(backoff(attempt), signal)
  }
}

/** @returns whether it was live at all */
async function untilLost({ peer }: Publication, signal: AbortSignal): Promise<boolean> {
  const reader = new PublisherStatsReader()
  let wasLive = false
  let silentSince = performance.now()
  while (!signal.aborted) {
    await delay(pollMs, signal)
    const now = performance.now()
    if (peer.connectionState === 'connected') {
      silentSince = now
      if (!wasLive) setState('live', 'Live')
      wasLive = true
      watchLink.hidden = false
    }
    byId('stats', HTMLElement).textContent = reader.read(await statsOf(peer))
    const transport = peer.getSenders()[0]?.transport?.state
    if (peer.connectionState === 'failed' || transport === 'closed') return wasLive
    if (now - silentSince > silenceMs) return wasLive
  }
  return wasLive
}

// Server away, too busy, or limiting: worth another try. Refusals of what was sent are not.
function mayPass(error: unknown): boolean {
  if (error instanceof RefusedError) return error.status === 429 || error.status >= 500
  return error instanceof TypeError
}

function reason(error: unknown): string {
  if (error instanceof RefusedError) {
    if (error.status === 401) return 'The publish key is missing or wrong.'
    return `The server refused: ${error.message}.`
  }
  if (error instanceof DOMException && error.name === 'NotAllowedError') {
    return 'You, or the browser’s settings, did not allow it.'
  }
  if (error instanceof DOMException && error.name === 'NotFoundError') {
    return 'There is no such camera or microphone.'
  }
  return `It did not work: ${error instanceof Error ? error.message : String(error)}.`
}

function beginning(): AbortController {
  stopping = new AbortController()
  start.disabled = true
  stop.disabled = false
  // Without this page's token: that one publishes, and is not for passing on.
  watchLink.href = `/watch/${streamField.value}`
  return stopping
}

function ended(): void {
  preview.srcObject = null
  start.disabled = false
  stop.disabled = true
  watchLink.hidden = true
  byId('stats', HTMLElement).textContent = ''
}

function setState(state: State, text: string): void {
  document.documentElement.dataset.state = state
  byId('state', HTMLElement).textContent = text
}

async function listAll(): Promise<void> {
  await listDevices(camera, 'videoinput')
  await listDevices(microphone, 'audioinput')
}

// Of the codec that is chosen now.
function offerLayers(): void {
  const svc = layersField.querySelector<HTMLOptionElement>('[value=svc]')
  if (!svc) return
  svc.disabled = !hasSvc(codecField.value)
  if (svc.disabled && svc.selected) layersField.value = 'automatic'
}

function preparePage(): void {
  const page = new URLSearchParams(location.search)
  streamField.value = page.get('stream') ?? 'live'
  keyField.value = pageToken() ?? ''
  byId('local-url', HTMLElement).textContent = `http://localhost:${location.port || 80}/publish`
  codecField.replaceChildren(
    ...sendableCodecs().map((name) => new Option(name.replace('video/', ''), name)),
  )
  codecField.addEventListener('change', offerLayers)
  offerLayers()
  if (!isSecureContext || !navigator.mediaDevices) {
    byId('insecure', HTMLElement).hidden = false
    start.disabled = true
    return
  }
  void listAll()
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    if (!start.disabled) void goLive()
  })
  stop.addEventListener('click', () => stopping?.abort())
  addEventListener('pagehide', () => current?.close())
}
