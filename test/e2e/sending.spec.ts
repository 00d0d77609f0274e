import { describe, expect, it } from 'vitest'
import { loadAddon } from '#native/addon-file.ts'
import { ServerProcess } from '#test/support/server-process.ts'

describe('the way media is sent', () => {
  const modes = [
    { mode: 'off', rung: 'typescript', threads: 0 },
    { mode: 'sendto', rung: 'sendto', threads: 2 },
    { mode: 'sendmmsg', rung: 'sendmmsg', threads: 2 },
  ]
  const hasAddon = 'binding' in loadAddon()
  const name = 'TAILRACE_NATIVE=$mode shows in the metrics'

  it.for(modes)(name, async ({ mode, rung, threads }, { skip }) => {
    if (mode !== 'off' && !hasAddon) skip('the addon is not built')
    const env = { TAILRACE_NATIVE: mode, TAILRACE_MEDIA_THREADS: '2' }
    const server = await ServerProcess.start({ env })
    try {
      const metrics = await server.metrics()
      const sending = [...metrics].filter(([name]) => name.startsWith('tailrace_media_'))
      expect(Object.fromEntries(sending)).toEqual({
        [`tailrace_media_sending{rung="${rung}"}`]: 1,
        tailrace_media_threads: threads,
      })
    } finally {
      await server.stop()
    }
  })
})
