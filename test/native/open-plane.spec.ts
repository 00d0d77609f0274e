import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { type LoadedAddon, loadAddon } from '#native/addon-file.ts'
import type { MediaPlaneListener } from '#native/media-plane.ts'
import { type OpenedPlane, openMediaPlane, RungError } from '#native/open-plane.ts'

const listener: MediaPlaneListener = {
  control: () => undefined,
  media: () => undefined,
  rtcp: () => undefined,
  starved: () => undefined,
  started: () => undefined,
  caughtUp: () => undefined,
  congested: () => undefined,
}
const opened: OpenedPlane[] = []
const open = async (options: Partial<Parameters<typeof openMediaPlane>[0]>) => {
  const plane = await openMediaPlane({
    addresses: ['127.0.0.1'],
    port: 0,
    listener,
    mode: 'auto',
    threads: 1,
    tcp: true,
    ...options,
  })
  opened.push(plane)
  return plane
}
const absent: LoadedAddon = { why: 'the native addon is on holiday' }

afterEach(async () => {
  for (const { plane } of opened.splice(0)) await plane.close()
})

describe('without the addon', () => {
  it('TypeScript sends, and tells why', async () => {
    const { sending, threads, why } = await open({ addon: absent })
    expect({ sending, threads, why }).toEqual({
      sending: 'typescript',
      threads: 0,
      why: 'the native addon is on holiday',
    })
  })

  it.each(['gso', 'sendmmsg', 'sendto'] as const)(
    'TAILRACE_NATIVE=%s ends the start, and says what to do',
    async (mode) => {
      const failure = await open({ mode, addon: absent }).catch((error: unknown) => error)
      expect(failure).toBeInstanceOf(RungError)
      expect(String(failure)).toMatch(
        new RegExp(`TAILRACE_NATIVE=${mode} .* on holiday\\. Set TAILRACE_NATIVE=auto`),
      )
    },
  )

  it('TAILRACE_NATIVE=off is content', async () => {
    const { sending, why } = await open({ mode: 'off' })
    expect({ sending, why }).toEqual({ sending: 'typescript', why: 'TAILRACE_NATIVE is off' })
  })
})

describe('what is no addon', () => {
  it('was not built', () => {
    const why = expect.stringMatching(/ is not built: npm run build:addon /)
    expect(loadAddon('./nowhere.node')).toEqual({ why })
  })

  it('was built for something else', () => {
    const folder = mkdtempSync(join(tmpdir(), 'tailrace-addon-'))
    const file = join(folder, 'other.node')
    writeFileSync(file, 'MZ, a program of another system')
    expect(loadAddon(file)).toEqual({ why: expect.stringMatching(/ does not load: .*other\.node/) })
    rmSync(folder, { recursive: true })
  })
})

describe.skipIf('why' in loadAddon())('with the addon', () => {
  it.each(['gso', 'sendmmsg', 'sendto'] as const)('TAILRACE_NATIVE=%s is taken', async (mode) => {
    const { sending, threads, plane } = await open({ mode, threads: 2 })
    expect({ sending, threads }).toEqual({ sending: mode, threads: 2 })
    expect(plane.addresses).toEqual([{ address: '127.0.0.1', port: expect.any(Number) }])
  })

  it('0 threads are one less than the cores, and at least one', async () => {
    const { threads } = await open({ threads: 0 })
    expect(threads).toBeGreaterThan(0)
  })

  it('a port that is taken is no reason to send by other means', async () => {
    const { plane } = await open({})
    const again = open({ port: plane.addresses[0]!.port })
    await expect(again).rejects.toMatchObject({ code: 'EADDRINUSE' })
  })
})
