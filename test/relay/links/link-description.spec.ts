import { describe, expect, it } from 'vitest'
import { faultOfOwn, type MessageOf } from '#control/messages.ts'
import { linkTracks } from '#relay/links/link-description.ts'
import { UpLayer } from '#relay/up-layer.ts'
import { RecordingPlane } from '#test/support/recording-plane.ts'

describe('a description', () => {
  it('fits a message, with fewer parameter sets where there are many (docs/tree.md)', () => {
    const plane = new RecordingPlane()
    const layers = Array.from({ length: 8 }, (_, at) => {
      const layer = new UpLayer(plane, {
        ...{ codec: 'H265', clockRate: 90_000, rid: `${at}`, repair: true, keyframeAnswers: 'no' },
      } as const)
      layer.inspector!.learn({
        parameterSets: Array.from({ length: 8 }, () => Buffer.alloc(1000, 7)),
      })
      return layer
    })
    const format = { kind: 'video', codec: 'H265', payloadType: 96, clockRate: 90_000 }
    const publication = {
      format: { video: { ...format, parameters: new Map(), extensions: {} } },
      layers: { all: layers },
    }
    const message = {
      ...{ type: 'subscribed', subscription: 1, epoch: 7, client: 'x', path: ['parent'] },
      tracks: linkTracks(publication as never, () => undefined, 0),
    } as MessageOf<'subscribed'>
    expect(faultOfOwn(message)).toBeUndefined()
  })
})
