/*
 * Offers are rewritten on their way to the server, which is where a browser says things that its
 * API does not let a page choose.
 */

const send = globalThis.fetch.bind(globalThis)
let rewrite = (offer) => offer
let roles = {}

const setupOf = (sdp) => /^a=setup:(\w+)/m.exec(sdp)?.[1]

globalThis.fetch = async (url, options) => {
  if (options?.headers?.['content-type'] !== 'application/sdp') return await send(url, options)
  const body = rewrite(options.body)
  const response = await send(url, { ...options, body })
  roles = { offered: setupOf(body), answered: setupOf(await response.clone().text()) }
  return response
}

export const extension = () => ({
  /** Replaces what the regular expression matches in every offer from now on. */
  rewriteOffers: (pattern, replacement) => {
    const found = new RegExp(pattern, 'gm')
    rewrite = (offer) => offer.replaceAll(found, replacement)
  },
  /** `a=setup` of the last offer, as it left, and of its answer. */
  roles: () => roles,
  /** MIME types of video that this browser sends and receives. */
  videoCodecs: () => {
    const names = ({ codecs }) => codecs.map(({ mimeType }) => mimeType)
    return {
      sent: names(RTCRtpSender.getCapabilities('video')),
      received: names(RTCRtpReceiver.getCapabilities('video')),
    }
  },
})
