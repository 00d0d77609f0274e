import { globSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { architectureFaults, layers, longestFile } from '#test/support/architecture.ts'

const folders = [...layers, 'test', 'bench', 'scripts']
const paths = globSync(`{${folders.join()}}/**/*.{ts,js}`).filter(
  (path) => !path.includes('node_modules/') && path !== 'test/architecture.spec.ts',
)

describe('the picture in ARCHITECTURE.md', () => {
  it('is kept by every file', () => {
    expect(paths.length).toBeGreaterThan(10)
    const faults = paths.flatMap((path) =>
      architectureFaults({ path, text: readFileSync(path, 'utf8') }),
    )
    expect(faults).toEqual([])
  })

  it.each`
    fault                                 | path                           | text
    ${'an upward import'}                 | ${'rtp/packet.ts'}             | ${"import { a } from '#server/app.ts'"}
    ${'an import of a neighbour'}         | ${'ingest/whip-routes.ts'}     | ${"import { a } from '#edge/pages.ts'"}
    ${'a load tool that knows the relay'} | ${'load/main.ts'}              | ${"import { a } from '#relay/router.ts'"}
    ${'a trial that knows our server'}    | ${'conformance/main.ts'}       | ${"import { a } from '#server/app.ts'"}
    ${'an upward type'}                   | ${'core/ids.ts'}               | ${"import type { A } from '#rtp/packet.ts'"}
    ${'an upward import, made late'}      | ${'webrtc/peer.ts'}            | ${"await import('#relay/router.ts')"}
    ${'an upward re-export'}              | ${'native/path.ts'}            | ${"export * from '#webrtc/peer.ts'"}
    ${'tests needed by the product'}      | ${'server/app.ts'}             | ${"import { hex } from '#test/support/bytes.ts'"}
    ${'a parent folder'}                  | ${'rtp/rtcp/nack.ts'}          | ${"import { a } from '../sequence.ts'"}
    ${'a parent folder, from within'}     | ${'test/rtp/packet.spec.ts'}   | ${"import { a } from './../support/bytes.ts'"}
    ${'a socket'}                         | ${'webrtc/peer.ts'}            | ${"import { createSocket } from 'node:dgram'"}
    ${'a disk'}                           | ${'control/store.ts'}          | ${"import { readFile } from 'node:fs/promises'"}
    ${'a clock'}                          | ${'relay/router.ts'}           | ${'const now = performance.now()'}
    ${'a date'}                           | ${'relay/router.ts'}           | ${'const now = new Date()'}
    ${'a timer'}                          | ${'edge/whep-routes.ts'}       | ${'setTimeout(stop, 10)'}
    ${'a timer beside the ticker'}        | ${'native/twin/twin.ts'}       | ${'setInterval(tick, 5)'}
    ${'chance'}                           | ${'rtp/sequence.ts'}           | ${'const first = Math.random()'}
    ${'a setting of its own'}             | ${'server/app.ts'}             | ${'const port = process.env.PORT'}
    ${'a way around the types'}           | ${'test/relay/router.spec.ts'} | ${'// @ts-expect-error: private'}
    ${'a file past its size'}             | ${'server/app.ts'}             | ${'\n'.repeat(longestFile + 1)}
  `('does not allow $fault', ({ path, text }) => {
    expect(architectureFaults({ path, text })).toHaveLength(1)
  })

  it.each`
    what                           | path                            | text
    ${'an import from below'}      | ${'relay/router.ts'}            | ${"import { A } from '#webrtc/peer.ts'"}
    ${'an import from the same'}   | ${'rtp/rtcp/nack.ts'}           | ${"import { a } from '#rtp/sequence.ts'"}
    ${'a test of anything'}        | ${'test/server/app.spec.ts'}    | ${"import { a } from '#server/app.ts'"}
    ${'the socket where it lives'} | ${'native/twin/udp-sockets.ts'} | ${"import { createSocket } from 'node:dgram'"}
    ${'the clock where it lives'}  | ${'server/system-clock.ts'}     | ${'performance.now()'}
    ${'a date that is given'}      | ${'relay/router.ts'}            | ${'new Date(wall)'}
    ${'a file of just its size'}   | ${'server/app.ts'}              | ${'\n'.repeat(longestFile)}
  `('allows $what', ({ path, text }) => {
    expect(architectureFaults({ path, text })).toEqual([])
  })
})
