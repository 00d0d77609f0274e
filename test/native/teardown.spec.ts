import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { describe, expect, it } from 'vitest'
import { loadAddon } from '#native/addon-file.ts'

describe.skipIf('why' in loadAddon())('a thread of JavaScript that ends', () => {
  it('ends the plane that it left open', async () => {
    const worker = new Worker(new URL('plane-worker.ts', import.meta.url))
    await once(worker, 'message')
    expect(await worker.terminate()).toBe(1)
  })
})
