import { byId, delay, fetchJson, withToken } from './page.ts'
import { type StreamStatus, streamPath } from './stream-status.ts'

const pollMs = 2000

const rows = byId('streams', HTMLElement)
const none = byId('none', HTMLElement)

const publishUrl = `${location.origin}/whip/live`
byId('obs-url', HTMLElement).textContent = publishUrl
byId('ffmpeg', HTMLElement).textContent =
  'ffmpeg -re -i clip.mp4 -c:v libx264 -profile:v main -bf 0 -g 60 -c:a libopus -ac 2 ' +
  `-f whip -authorization KEY ${publishUrl}`
void follow()

async function follow(): Promise<never> {
  for (;;) {
    const answer = (await fetchJson('/api/v1/streams')) as
      | { readonly streams: readonly StreamStatus[] }
      | undefined
    const live = answer?.streams.filter(({ state }) => state === 'live') ?? []
    rows.replaceChildren(...live.map(row))
    const text = answer
      ? 'Nobody is live.'
      : 'The list cannot be read. Where a play token is needed, open this page as /?token=…'
    if (none.textContent !== text) none.textContent = text
    none.hidden = live.length > 0
    await delay(pollMs)
  }
}

function row({ name, viewers, video }: StreamStatus): HTMLElement {
  const path = streamPath(name)
  const size = video?.width && video.height ? `${video.width} × ${video.height} ` : ''
  const row = document.createElement('tr')
  row.append(
    cell(link(path, `/watch/${path}`)),
    cell(String(viewers)),
    cell(video ? `${size}${video.codec}` : 'sound alone'),
    cell(link('Status', `/status/${path}`)),
  )
  return row
}

function cell(content: string | HTMLElement): HTMLElement {
  const cell = document.createElement('td')
  cell.append(content)
  return cell
}

function link(text: string, path: string): HTMLElement {
  const link = document.createElement('a')
  link.textContent = text
  link.href = withToken(path)
  return link
}
