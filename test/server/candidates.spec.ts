import { describe, expect, it } from 'vitest'
import { mediaCandidates } from '#server/candidates.ts'

const bound = [
  { address: '192.0.2.7', port: 8189 },
  { address: '127.0.0.1', port: 8189 },
]
const written = async (...args: Parameters<typeof mediaCandidates>) => {
  const candidates = await mediaCandidates(...args)
  return candidates.map(({ transport, address, port }) => `${transport} ${address} ${port}`)
}

describe('what clients are told to send media to', () => {
  it('is where the plane listens, all of UDP before TCP (IO-41)', async () => {
    expect(await written([], bound, true)).toEqual([
      'udp 192.0.2.7 8189',
      'udp 127.0.0.1 8189',
      'tcp 192.0.2.7 8189',
      'tcp 127.0.0.1 8189',
    ])
  })

  it('is UDP alone without TCP', async () => {
    expect(await written([], bound, false)).toEqual(['udp 192.0.2.7 8189', 'udp 127.0.0.1 8189'])
  })

  it('is what the operator says, and loopback', async () => {
    expect(await written(['203.0.113.5'], bound, true)).toEqual([
      'udp 203.0.113.5 8189',
      'udp 127.0.0.1 8189',
      'tcp 203.0.113.5 8189',
      'tcp 127.0.0.1 8189',
    ])
  })

  it('is nothing for a name that does not exist, which is said', async () => {
    await expect(mediaCandidates(['no-such-host.invalid'], bound, true)).rejects.toThrow(
      'TAILRACE_PUBLIC_ADDRESS: "no-such-host.invalid" cannot be resolved',
    )
  })
})
