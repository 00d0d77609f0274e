import { describe, expect, it } from 'vitest'
import { recogniseClient } from '#webrtc/clients.ts'
import { parseOffer } from '#webrtc/sdp/offer.ts'
import { realOffer } from './sdp/offers.ts'

// As recorded with the offers.
const chrome =
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/156.0.0.0 Safari/537.36'
const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:159.0) Gecko/20100101 Firefox/159.0'
const obs = 'Mozilla/5.0 (OBS-Studio/32.2.2+ds-1+b2; Linux x86_64; en-US)'
const lavf = 'Lavf/63.1.102'
// Not recorded: WebKit's form, without the word Chrome even for Chrome on iOS.
const safari =
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15'
const chromeOnIos =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/130.0 Mobile/15E148 Safari/604.1'

const offers = {
  chromium: parseOffer(realOffer('chromium-156/whip-whep-1.2.0-publish/post.sdp')),
  firefox: parseOffer(realOffer('firefox-159/whip-whep-1.2.0-publish/post.sdp')),
  obs: parseOffer(realOffer('obs-32.2.2/single-layer/post.sdp')),
  ffmpeg: parseOffer(realOffer('ffmpeg-9.0.2/default/post.sdp')),
}

describe('recognition', () => {
  it.each`
    client                                | userAgent      | offer              | kind
    ${'Chromium'}                         | ${chrome}      | ${offers.chromium} | ${'chromium'}
    ${'Firefox'}                          | ${firefox}     | ${offers.firefox}  | ${'firefox'}
    ${'OBS'}                              | ${obs}         | ${offers.obs}      | ${'obs'}
    ${'ffmpeg'}                           | ${lavf}        | ${offers.ffmpeg}   | ${'ffmpeg'}
    ${'a libdatachannel program'}         | ${'my-app/1'}  | ${offers.obs}      | ${'libdatachannel'}
    ${'a libdatachannel program, silent'} | ${undefined}   | ${offers.obs}      | ${'libdatachannel'}
    ${'Firefox behind another name'}      | ${undefined}   | ${offers.firefox}  | ${'firefox'}
    ${'Safari'}                           | ${safari}      | ${offers.chromium} | ${'other'}
    ${'Chrome on iOS, which is WebKit'}   | ${chromeOnIos} | ${offers.chromium} | ${'other'}
    ${'nobody we know'}                   | ${undefined}   | ${offers.chromium} | ${'other'}
  `('takes $client for $kind', ({ userAgent, offer, kind }) => {
    expect(recogniseClient(userAgent, offer).kind).toBe(kind)
  })
})

describe('what each of them needs', () => {
  it('GCM alone goes to browsers known to have it, both profiles to all others (IO-61)', () => {
    expect(recogniseClient(chrome, offers.chromium).srtpProfiles).toEqual([7])
    expect(recogniseClient(firefox, offers.firefox).srtpProfiles).toEqual([7])
    for (const [userAgent, offer] of [
      [obs, offers.obs],
      [lavf, offers.ffmpeg],
      [safari, offers.chromium],
    ] as const) {
      expect(recogniseClient(userAgent, offer).srtpProfiles).toEqual([7, 1])
    }
  })

  it('close_notify goes to all but ffmpeg (IO-26, IO-43)', () => {
    expect(recogniseClient(lavf, offers.obs).closeNotify).toBe(false)
    expect(recogniseClient(undefined, offers.ffmpeg).closeNotify).toBe(false)
    expect(recogniseClient(obs, offers.obs).closeNotify).toBe(true)
    expect(recogniseClient(undefined, offers.chromium).closeNotify).toBe(true)
  })

  it('keyframe requests help with browsers only (IO-22, IO-42)', () => {
    expect(recogniseClient(chrome, offers.chromium).answersKeyframeRequests).toBe('yes')
    expect(recogniseClient(firefox, offers.firefox).answersKeyframeRequests).toBe('yes')
    expect(recogniseClient(obs, offers.obs).answersKeyframeRequests).toBe('no')
    expect(recogniseClient(lavf, offers.ffmpeg).answersKeyframeRequests).toBe('no')
    expect(recogniseClient(undefined, offers.obs).answersKeyframeRequests).toBe('unknown')
  })

  it('layers above the first are not asked for again from libdatachannel (IO-23)', () => {
    expect(recogniseClient(obs, offers.obs).nackHigherLayers).toBe(false)
    expect(recogniseClient(undefined, offers.obs).nackHigherLayers).toBe(false)
    expect(recogniseClient(chrome, offers.chromium).nackHigherLayers).toBe(true)
  })
})
