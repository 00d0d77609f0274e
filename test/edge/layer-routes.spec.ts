import type { FastifyInstance } from 'fastify'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { sessionId } from '#test/support/http.ts'
import { ExtensionRig, layer } from './extension-rig.ts'

const json = { 'content-type': 'application/json' }
let rig: ExtensionRig
let app: FastifyInstance
beforeEach(async () => {
  rig = new ExtensionRig()
  rig.publish()
  rig.extensions.joined(sessionId, rig.viewer)
  rig.selected.length = 0
  app = await rig.app()
})
afterEach(() => app.close())

const post = (payload: string, headers: Record<string, string> = json) =>
  app.inject({ method: 'POST', url: layer, headers, payload })

describe('a choice of layer (WHEP-98..106)', () => {
  it.each`
    body                                                       | selection
    ${{ mediaId: '1', rid: 'h' }}                              | ${{ rid: 'h' }}
    ${{ rid: 'l', maxTemporalLayerId: 1 }}                     | ${{ rid: 'l', maxTemporalLayerId: 1 }}
    ${{ mediaId: '1', encodingId: 'h' }}                       | ${{ rid: 'h' }}
    ${{ rid: 'h', spatialLayerId: 2 }}                         | ${{ rid: 'h', spatialLayerId: 2 }}
    ${{ spatialLayerId: 2, temporalLayerId: 0 }}               | ${{ spatialLayerId: 2, temporalLayerId: 0 }}
    ${{ maxWidth: 640, maxHeight: 360, maxSpatialLayerId: 1 }} | ${{ maxSpatialLayerId: 1, maxWidth: 640, maxHeight: 360 }}
    ${{ mediaId: '1' }}                                        | ${{}}
    ${{ mediaId: '0' }}                                        | ${{}}
    ${{}}                                                      | ${{}}
    ${{ mediaId: '1', rid: 'h', tomorrow: true }}              | ${{ rid: 'h' }}
  `('$body selects $selection', async ({ body, selection }) => {
    const response = await post(JSON.stringify(body))
    expect([response.statusCode, response.body]).toEqual([200, ''])
    expect(rig.selected).toEqual([selection])
  })

  it.each`
    status | what                                | payload                             | headers
    ${422} | ${'a rid that there is not'}        | ${'{"rid":"x"}'}                    | ${json}
    ${422} | ${'a layer that there is not'}      | ${'{"spatialLayerId":3}'}           | ${json}
    ${422} | ${'a rid in another place'}         | ${'{"rid":"h","spatialLayerId":0}'} | ${json}
    ${422} | ${'a temporal layer of none'}       | ${'{"temporalLayerId":1}'}          | ${json}
    ${422} | ${'an m-line that is not video'}    | ${'{"mediaId":"0","rid":"h"}'}      | ${json}
    ${409} | ${'a rid that is not sent now'}     | ${'{"rid":"m"}'}                    | ${json}
    ${409} | ${'a layer that is not sent now'}   | ${'{"spatialLayerId":1}'}           | ${json}
    ${400} | ${'a member of another type'}       | ${'{"rid":1}'}                      | ${json}
    ${400} | ${'a number out of bounds'}         | ${'{"maxWidth":1e9}'}               | ${json}
    ${400} | ${'a list'}                         | ${'[]'}                             | ${json}
    ${400} | ${'no JSON'}                        | ${'{rid:h}'}                        | ${json}
    ${400} | ${'nothing'}                        | ${''}                               | ${json}
    ${400} | ${'a member twice (SEC-34)'}        | ${'{"rid":"h","\\u0072id":"l"}'}    | ${json}
    ${400} | ${'too deep a body'}                | ${'{"a":[[[[]]]]}'}                 | ${json}
    ${413} | ${'more than 4 KiB'}                | ${`{"a":"${'x'.repeat(4089)}"}`}    | ${json}
    ${415} | ${'the type misspelt in the draft'} | ${'{"rid":"h"}'}                    | ${{ 'content-type': 'application/sjon' }}
    ${401} | ${"another's token"}                | ${'{"rid":"h"}'}                    | ${{ ...json, authorization: 'Bearer key-2' }}
  `('answers $status to $what, and changes nothing', async ({ status, payload, headers }) => {
    expect((await post(payload, headers)).statusCode).toBe(status)
    expect(rig.selected).toEqual([])
  })

  it('is kept for a viewer who has not joined yet, and for the next session of nobody', async () => {
    const early = new ExtensionRig()
    early.publish()
    const other = await early.app()
    await other.inject({ method: 'POST', url: layer, headers: json, payload: '{"rid":"h"}' })
    early.extensions.joined(sessionId, early.viewer)
    expect(early.selected).toEqual([{ rid: 'h' }])
    early.extensions.ended(sessionId)
    const response = await other.inject({ method: 'POST', url: layer, headers: json })
    expect(response.statusCode).toBe(404)
    await other.close()
  })

  it('stays within what the token is good for', async () => {
    const bound = new ExtensionRig(360)
    bound.publish()
    bound.extensions.joined(sessionId, bound.viewer)
    const other = await bound.app()
    for (const payload of ['{"rid":"h"}', '{"maxHeight":720}', '{"maxHeight":180}', '{}']) {
      await other.inject({ method: 'POST', url: layer, headers: json, payload })
    }
    expect(bound.selected).toEqual([
      { maxHeight: 360 },
      { rid: 'h', maxHeight: 360 },
      { maxHeight: 360 },
      { maxHeight: 180 },
      { maxHeight: 360 },
    ])
    await other.close()
  })

  it('may be made once a second for long: each may begin a replay', async () => {
    const flood = async () => {
      const body = (i: number) => `{"rid":"${i % 2 === 0 ? 'h' : 'l'}"}`
      for (let i = 0; i < 30; i++) await post(body(i))
      const back = await app.inject({ method: 'DELETE', url: layer })
      return [rig.selected.length, back.statusCode, back.headers['retry-after']]
    }
    expect(await flood()).toEqual([20, 429, '1'])
    rig.clock.time += 3000
    expect(await flood()).toEqual([23, 429, '1'])
  })

  it('is 409 while nobody publishes', async () => {
    rig.unpublish()
    expect((await post('{"rid":"h"}')).statusCode).toBe(409)
  })

  it('is taken back by DELETE, as whip-whep does (IO-8)', async () => {
    const response = await app.inject({ method: 'DELETE', url: layer })
    expect([response.statusCode, rig.selected]).toEqual([200, [{}]])
  })

  it.each`
    method       | status
    ${'OPTIONS'} | ${200}
    ${'GET'}     | ${405}
    ${'PATCH'}   | ${405}
  `('$method gets $status', async ({ method, status }) => {
    expect((await app.inject({ method, url: layer })).statusCode).toBe(status)
  })
})
