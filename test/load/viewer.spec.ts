import { afterEach, describe, expect, it, onTestFinished } from 'vitest'
import { createClientContext } from '#load/client-connection.ts'
import { loadClip } from '#load/clip-files.ts'
import { Viewer } from '#load/viewer.ts'
import { joinPhases } from '#load/viewer-result.ts'
import { buildRtp } from '#rtp/packet.ts'
import { sentVideo } from './support/answering-messages.ts'
import { AnsweringServer } from './support/answering-server.ts'
import { openSink, whyNoSink } from './support/sinks.ts'

const frameTime = 1000 / 30
/** Pictures sent as a replay, at once; then as many more at their own pace. */
const replayed = 30
const live = 20

describe('the viewer, served by libdatachannel', () => {
  let server: AnsweringServer
  afterEach(() => server.close())

  const receivers = [
    { receiver: 'TypeScript', full: false },
    { receiver: 'TypeScript', full: true },
    ...(whyNoSink ? [] : [{ receiver: 'native code', full: false }]),
  ]
  it.each(receivers)(
    'gets a picture through loss in $receiver, decrypted: $full',
    async ({ receiver, full }) => {
      const sink = receiver === 'native code' ? openSink() : undefined
      onTestFinished(() => sink?.close())
      const clip = await loadClip({})
      const pictures = clip.frames.filter(({ kind }) => kind === 'video').slice(0, replayed + live)
      // In the first keyframe, at the wrap of the numbers, and after the replay.
      const lost = new Set([65_503, 65_535, 0, 100])
      server = await AnsweringServer.start({
        sends: true,
        drop: ({ kind, direction, datagram }) => {
          const isMedia = kind === 'rtp' && direction === 'to-client'
          return isMedia && lost.delete(datagram.readUInt16BE(2))
        },
      })
      let next = 65_500
      const send = (number: number) => {
        const { payloads } = pictures[number]!
        payloads.forEach((payload, index) => {
          const marker = index === payloads.length - 1
          const sequenceNumber = next++ & 0xffff
          const header = { ...sentVideo, timestamp: number * 3000, sequenceNumber, marker }
          server.send(buildRtp(header, payload))
        })
      }

      const opened = server.opened()
      const viewer = new Viewer(createClientContext({ sink }), {
        url: server.url,
        token: 'secret',
        ...(full && { onLatency: () => {} }),
      })
      expect(await viewer.join()).toBeUndefined()
      await opened
      for (let number = 0; number < replayed; number++) send(number)
      let number = replayed
      const timer = setInterval(() => {
        send(number++)
        if (number === pictures.length) clearInterval(timer)
      }, frameTime)
      const packets = pictures.reduce((count, { payloads }) => count + payloads.length, 0)
      const received = () => viewer.result.reception.packets
      await expect.poll(received, { timeout: 15_000 }).toBe(packets)
      const { join, reception, picture, failure, undecryptable } = viewer.result
      await viewer.leave()

      expect(failure).toBeUndefined()
      const times = joinPhases.map((phase) => join[phase]!)
      expect(times).toEqual(times.toSorted((a, b) => a - b))
      expect(reception).toMatchObject({ lost: 0, repaired: 4 })
      // The keyframe with the lost packets, then one frame a picture.
      expect(picture).toMatchObject({ frames: replayed + live, wholeFrames: replayed + live })
      expect(undecryptable).toBe(0)
      expect(reception.nacked).toBeGreaterThanOrEqual(4)
      expect(server.authorization).toBe('Bearer secret')
      expect(server.userAgent).toContain('Chrome/')
      expect(server.deleted).toBe(true)
    },
    20_000,
  )
})
