import { describe, expect, it } from 'vitest'
import { type BannerFacts, renderBanner } from '#server/banner.ts'

const facts: BannerFacts = {
  origins: ['http://192.0.2.7:8080', 'http://[2001:db8::7]:8080'],
  mediaPort: 8189,
  mediaTcp: true,
  metricsOrigin: 'http://127.0.0.1:9464',
  publishKey: '00112233445566778899aabbccddeeff',
  keyFile: 'data/publish-key',
  watchNeedsToken: false,
  sending: 'gso',
}

describe('the banner', () => {
  it('gives everything that a newcomer types somewhere', () => {
    expect(renderBanner(facts)).toBe(`
Tailrace is running.

Watch    http://192.0.2.7:8080/watch/live
Publish  http://192.0.2.7:8080/publish   (from a browser)
Status   http://192.0.2.7:8080/status/live
Also at  http://[2001:db8::7]:8080

OBS Studio: Settings > Stream
  Service       WHIP
  Server        http://192.0.2.7:8080/whip/live
  Bearer Token  00112233445566778899aabbccddeeff

ffmpeg (8 or newer), from a file
  ffmpeg -re -i FILE -c:v libx264 -bf 0 -g 60 -preset veryfast -c:a libopus \\
    -authorization 00112233445566778899aabbccddeeff \\
    -ac 2 -f whip http://192.0.2.7:8080/whip/live

Ports    8080/tcp HTTP, 8189/udp+tcp media (gso)
Metrics  http://127.0.0.1:9464/metrics
Key      kept in data/publish-key

Browsers publish over plain HTTP from this machine only; for other hosts set
TAILRACE_TLS_CERT and TAILRACE_TLS_KEY.
`)
  })

  it('has lines of at most 80 columns', () => {
    const lines = renderBanner({ ...facts, demoStream: 'demo', watchNeedsToken: true }).split('\n')
    expect(lines.filter((line) => line.length > 80)).toEqual([])
  })

  it('watches the demo, and publishes beside it', () => {
    const text = renderBanner({ ...facts, demoStream: 'demo' })
    expect(text).toContain('/watch/demo\n')
    expect(text).toContain('/whip/live\n')
    expect(text).not.toContain('/whip/demo')
  })

  it('says that no key is needed', () => {
    const { publishKey: _key, keyFile: _file, ...open } = facts
    const text = renderBanner(open)
    expect(text).toContain('Bearer Token  (leave empty)\n')
    expect(text).toContain('Key      none: anyone may publish\n')
    expect(text).not.toContain('-authorization')
  })

  it('has no word on plain HTTP over HTTPS, whose port may go without saying', () => {
    const text = renderBanner({ ...facts, origins: ['https://live.example.org'] })
    expect(text).not.toContain('plain HTTP')
    expect(text).toContain('443/tcp HTTP')
  })
})
