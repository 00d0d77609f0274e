import { type Exchange, is4xx, resolved, told } from './caller.ts'
import { type Check, judge, NotOffered } from './check.ts'
import { readLinks } from './link-checks.ts'
import { kindOf, readSdp } from './sdp-text.ts'
import type { Trial } from './trial.ts'
import { announced } from './whep-events.ts'

const rel = 'urn:ietf:params:whep:ext:core:layer'
const json = 'application/json'

async function layerUrl(trial: Trial): Promise<string> {
  const { posted } = await trial.session()
  const link = readLinks(posted.headers.link).find(({ parameters }) => parameters.rel === rel)
  if (!link) throw new NotOffered('the 201 announces no choice of layers')
  return resolved(link.target, posted.url)
}

/** Layers are there once media is. */
async function ask(trial: Trial, body: string, type = json): Promise<Exchange> {
  const url = await layerUrl(trial)
  const session = await trial.session()
  const peer = await session.peer()
  await peer.receives(1)
  return session.call(url, 'POST', { 'content-type': type }, body)
}

async function videoIndex(trial: Trial): Promise<string> {
  const { media } = readSdp((await trial.session()).answer)
  return String(media.findIndex((section) => kindOf(section) === 'video'))
}

async function isDone(trial: Trial, body: unknown) {
  const posted = await ask(trial, JSON.stringify(body))
  return judge(posted.status === 200, told(posted))
}

/** The choice of a layer (webrtc-http-egress-events). */
export const whepLayers: readonly Check[] = [
  {
    clause: 'WHEP-98',
    title: 'it is announced by Link, and the layers event with it',
    level: 'MUST',
    run: async (trial) => {
      await layerUrl(trial)
      const { link } = await announced(trial)
      const events = link.parameters.events ?? 'layers'
      return judge(events.split(',').includes('layers'), `events="${events}"`)
    },
  },
  {
    clause: 'WHEP-99',
    title: 'POST takes application/json, and nothing else',
    level: 'policy',
    run: async (trial) => {
      const posted = await ask(trial, '{}', 'text/plain')
      return judge(posted.status === 415, told(posted))
    },
  },
  {
    clause: 'WHEP-100',
    title: 'limits of size and layers are taken',
    level: 'MUST',
    run: async (trial) => {
      const limits = {
        maxWidth: 8192,
        maxHeight: 8192,
        maxSpatialLayerId: 7,
        maxTemporalLayerId: 7,
      }
      return isDone(trial, { mediaId: await videoIndex(trial), ...limits })
    },
  },
  {
    clause: 'WHEP-101',
    title: 'a choice that is possible is 200',
    level: 'MUST',
    run: async (trial) => isDone(trial, { mediaId: await videoIndex(trial), maxHeight: 8192 }),
  },
  {
    clause: 'WHEP-101',
    title: 'a layer that there is not is an HTTP error',
    level: 'MUST',
    run: async (trial) => {
      const posted = await ask(trial, JSON.stringify({ rid: 'no-such-layer' }))
      return judge(is4xx(posted), told(posted))
    },
  },
  {
    clause: 'WHEP-101',
    title: 'that error is 422, and 400 what is no JSON',
    level: 'policy',
    run: async (trial) => {
      const unknown = await ask(trial, JSON.stringify({ rid: 'no-such-layer' }))
      const broken = await ask(trial, '{"rid":')
      const holds = unknown.status === 422 && broken.status === 400
      return judge(holds, `${told(unknown)}, ${told(broken)}`)
    },
  },
  {
    clause: 'WHEP-102',
    title: 'the mediaId alone takes a choice back',
    level: 'MUST',
    run: async (trial) => isDone(trial, { mediaId: await videoIndex(trial) }),
  },
  {
    clause: 'WHEP-103',
    title: 'encodingId of older players is a rid: one that there is not is an error, too',
    level: 'practice',
    run: async (trial) => {
      const posted = await ask(trial, JSON.stringify({ encodingId: 'no-such-layer' }))
      return judge(is4xx(posted), told(posted))
    },
  },
]
