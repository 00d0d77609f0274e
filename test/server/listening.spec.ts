import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { pino } from 'pino'
import { describe, expect, it } from 'vitest'
import type { MediaPlaneListener } from '#native/media-plane.ts'
import { loadConfig } from '#server/config.ts'
import { createHttpApp } from '#server/http-app.ts'
import { closeHttp, listenMedia } from '#server/listening.ts'

const listener: MediaPlaneListener = {
  control: () => undefined,
  media: () => undefined,
  rtcp: () => undefined,
  starved: () => undefined,
  started: () => undefined,
  caughtUp: () => undefined,
  congested: () => undefined,
}
const listen = (env: Record<string, string>) => {
  return listenMedia(loadConfig({ env }), listener, pino({ enabled: false }))
}

describe.each(['auto', 'off'])('the media port, native %s', (native) => {
  it('that is taken for TCP alone says so, and what does without', async () => {
    const holder = createServer().listen(0, '127.0.0.1')
    await once(holder, 'listening')
    const { port } = holder.address() as AddressInfo
    const env = { TAILRACE_MEDIA_PORT: String(port), TAILRACE_NATIVE: native }
    await expect(listen(env)).rejects.toThrow(
      `port ${port} is taken: set TAILRACE_MEDIA_PORT to another, or stop what uses it. It is free ` +
        'for UDP and not for TCP: TAILRACE_MEDIA_TCP=off does without TCP',
    )
    const { plane } = await listen({ ...env, TAILRACE_MEDIA_TCP: 'off' })
    expect(plane.addresses[0]!.port).toBe(port)
    await plane.close()
    holder.close()
  })
})

it('a connection on which nothing was asked does not keep HTTP from closing', async () => {
  const app = createHttpApp({ origins: '*' })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const idle = connect((app.server.address() as AddressInfo).port, '127.0.0.1')
  await once(app.server, 'connection')
  await Promise.all([closeHttp(app), once(idle.resume(), 'end')])
  idle.destroy()
})
