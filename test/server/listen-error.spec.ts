import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { describe, expect, it } from 'vitest'
import { explainListenError } from '#server/listen-error.ts'

describe('a port that cannot be had', () => {
  it('is named with the setting that changes it', async () => {
    const holder = createServer().listen(0, '127.0.0.1')
    await once(holder, 'listening')
    const { port } = holder.address() as AddressInfo
    const [error] = await once(createServer().listen(port, '127.0.0.1'), 'error')
    holder.close()
    expect(explainListenError(error, { port, portSetting: 'TAILRACE_HTTP_PORT' })).toBe(
      `port ${port} is taken: set TAILRACE_HTTP_PORT to another, or stop what uses it`,
    )
  })

  it('is told from an address that is not ours', async () => {
    // RFC 5737 §3: an address for documentation, which no machine has.
    const host = '192.0.2.1'
    const error = await once(createServer().listen(0, host), 'listening').catch((e: unknown) => e)
    const where = { port: 0, portSetting: 'TAILRACE_METRICS_PORT', host }
    expect(explainListenError(error, { ...where, hostSetting: 'TAILRACE_METRICS_HOST' })).toBe(
      '192.0.2.1 is no address of this machine: change TAILRACE_METRICS_HOST',
    )
  })
})
