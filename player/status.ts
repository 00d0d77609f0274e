import { bitrateText, byId, delay, fetchJson, pageStream, percentText, withToken } from './page.ts'
import type { StreamStatus } from './stream-status.ts'

type Row = readonly [label: string, value: string]

const pollMs = 1000

const phaseNames: Readonly<Record<string, string>> = {
  answer: 'Answer sent',
  stun: 'First check by the viewer',
  dtls: 'Encryption ready',
  'first-packet': 'First packet sent',
  live: 'Caught up',
}

const stream = pageStream()
const state = byId('state', HTMLElement)
const warnings = byId('warnings', HTMLElement)
const facts = byId('facts', HTMLElement)

document.title = `${stream} · status · Tailrace`
byId('title', HTMLElement).textContent = `${stream}: status`
byId('watch-link', HTMLAnchorElement).href = withToken(`/watch/${stream}`)
byId('home-link', HTMLAnchorElement).href = withToken('/')
void follow()

async function follow(): Promise<never> {
  for (;;) {
    const status = (await fetchJson(`/api/v1/streams/${stream}`)) as StreamStatus | undefined
    if (status) show(status)
    else showNothing()
    await delay(pollMs)
  }
}

function showNothing(): void {
  setState('inactive', 'Nobody has published under this name, or you may not see it')
  warnings.replaceChildren()
  facts.replaceChildren()
}

function show(status: StreamStatus): void {
  const since = new Date(status.since).toLocaleTimeString()
  setState(status.state, `${status.state === 'live' ? 'Live' : 'Not live'} since ${since}`)
  showWarnings(status)
  facts.replaceChildren(
    ...section('Audience', [['Viewers', String(status.viewers)]]),
    ...section('Publisher', publisherRows(status.publisher)),
    ...section('Video', videoRows(status.video)),
    ...section('Audio', audioRows(status.audio)),
    ...joins(status.joins),
  )
}

// Left alone while they stay the same, or a screen reader would say them every second.
function showWarnings({ warnings: list }: StreamStatus): void {
  const told = [...warnings.children].map(({ textContent }) => textContent)
  if (told.length === list.length && list.every(({ text }, i) => text === told[i])) return
  warnings.replaceChildren(
    ...list.map(({ code, text }) => {
      const item = element('li', text)
      item.className = 'notice'
      item.dataset.code = code
      return item
    }),
  )
}

function publisherRows(publisher: StreamStatus['publisher']): Row[] {
  if (!publisher) return []
  return [
    ['Program', publisher.client],
    ['Connected for', `${Math.round(publisher.connectedMs / 1000)} s`],
    ['Bitrate', bitrateText(publisher.bitrate)],
    ['Loss on the way in', percentText(publisher.lossFraction)],
    ['Packets asked for again', String(publisher.nacks)],
    ['Jitter', `${publisher.jitterMs.toFixed(1)} ms`],
  ]
}

function videoRows(video: StreamStatus['video']): Row[] {
  if (!video) return []
  const { width, height, framesPerSecond, gopMs, profileLevelId } = video
  const rows: (Row | undefined)[] = [
    ['Codec', [video.codec, profileLevelId].filter(Boolean).join(' ')],
    width && height ? ['Size', `${width} × ${height}`] : undefined,
    ['Bitrate', bitrateText(video.bitrate)],
    framesPerSecond === undefined ? undefined : ['Frames a second', framesPerSecond.toFixed(1)],
    gopMs === undefined ? undefined : ['Keyframe interval', `${(gopMs / 1000).toFixed(2)} s`],
    ['Packets since the keyframe', String(video.gopPackets)],
    ['B-frames', video.reordered ? 'yes' : 'no'],
    ['Answers keyframe requests', video.answersKeyframeRequests],
    ['Instant join', video.replay === 'ready' ? 'ready' : 'waits for a keyframe'],
  ]
  return rows.filter((row) => row !== undefined)
}

function audioRows(audio: StreamStatus['audio']): Row[] {
  if (!audio) return []
  return [
    ['Codec', audio.codec],
    ['Channels', String(audio.channels)],
    ['Bitrate', bitrateText(audio.bitrate)],
  ]
}

function joins({ count, phases }: StreamStatus['joins']): HTMLElement[] {
  if (count === 0) return []
  const head = element('tr')
  for (const name of ['Step, from the request', 'Half within', '95 % within']) {
    const cell = element('th', name)
    cell.scope = 'col'
    head.append(cell)
  }
  const rows = Object.entries(phaseNames).flatMap(([phase, name]) => {
    const times = phases[phase]
    if (!times) return []
    return [row(name, `${Math.round(times.p50)} ms`, `${Math.round(times.p95)} ms`)]
  })
  return [element('h2', `Joins (${count})`), table([head], rows)]
}

function section(title: string, rows: readonly Row[]): HTMLElement[] {
  if (rows.length === 0) return []
  return [
    element('h2', title),
    table(
      [],
      rows.map(([label, value]) => row(label, value)),
    ),
  ]
}

function table(head: HTMLElement[], rows: HTMLElement[]): HTMLElement {
  const table = element('table')
  table.createTHead().append(...head)
  table.createTBody().append(...rows)
  const box = element('div')
  box.className = 'table'
  box.append(table)
  return box
}

function row(label: string, ...values: string[]): HTMLElement {
  const row = element('tr')
  const head = element('th', label)
  head.scope = 'row'
  row.append(head, ...values.map((value) => element('td', value)))
  return row
}

function element<Tag extends keyof HTMLElementTagNameMap>(tag: Tag, text = '') {
  const made = document.createElement(tag)
  made.textContent = text
  return made
}

function setState(name: StreamStatus['state'], text: string): void {
  document.documentElement.dataset.state = name
  if (state.textContent !== text) state.textContent = text
}
