import { judge, NotOffered, NotSeen } from './check.ts'
import type { SharedCheck } from './shared.ts'
import type { Trial } from './trial.ts'

export interface Link {
  readonly target: string
  readonly parameters: Readonly<Record<string, string>>
}

/** Reads `Link` fields (RFC 8288 §3): lists, any order, tokens and quoted strings. */
export function readLinks(field: string | readonly string[] | undefined): Link[] {
  const text = Array.isArray(field) ? field.join(', ') : String(field ?? '')
  const links: Link[] = []
  for (const [, target = '', rest = ''] of text.matchAll(
    /<([^<>]*)>((?:\s*;\s*[^;,"]+(?:"(?:[^"\\]|\\.)*")?)*)/g,
  )) {
    const parameters: Record<string, string> = {}
    for (const [, name = '', quoted, bare] of rest.matchAll(
      /;\s*([\w!#$&+.^`|~*-]+)\s*(?:=\s*(?:"((?:[^"\\]|\\.)*)"|([^;,\s]*)))?/g,
    )) {
      parameters[name.toLowerCase()] = quoted?.replaceAll(/\\(.)/g, '$1') ?? bare ?? ''
    }
    links.push({ target, parameters })
  }
  return links
}

async function linksOf(trial: Trial): Promise<Link[]> {
  return readLinks((await trial.session()).posted.headers.link)
}

async function iceServers(trial: Trial): Promise<Link[]> {
  const servers = (await linksOf(trial)).filter(({ parameters }) => parameters.rel === 'ice-server')
  if (servers.length === 0) throw new NotOffered('the 201 has no Link rel="ice-server"')
  return servers
}

/** What a 201 says in Link, and where it sends a client (WHIP §4.5–4.9; WHEP §4.7–4.10). */
export const linkChecks: readonly SharedCheck[] = [
  {
    whip: 132,
    whep: 69,
    title: 'the 201 names STUN and TURN servers',
    level: 'MAY',
    run: async (trial) => judge((await iceServers(trial)).length > 0, 'Link rel="ice-server"'),
  },
  {
    whip: 133,
    whep: 69,
    title: 'each is a stun, stuns, turn or turns URI',
    level: 'MUST',
    run: async (trial) => {
      const schemes = (await iceServers(trial)).map(({ target }) => target.split(':')[0]!)
      const holds = schemes.every((scheme) => /^(?:stuns?|turns?)$/.test(scheme))
      return judge(holds, [...new Set(schemes)].join(', '))
    },
  },
  {
    whip: 134,
    title: 'TURN servers come with username and credential, STUN servers without',
    level: 'MUST',
    run: async (trial) => {
      const servers = await iceServers(trial)
      const holds = servers.every(({ target, parameters }) => {
        const { username, credential } = parameters
        return (username !== undefined && credential !== undefined) === target.startsWith('turn')
      })
      return judge(holds, `${servers.length} servers`)
    },
  },
  {
    whip: 135,
    title: 'credential-type is password, or not there',
    level: 'MUST',
    run: async (trial) => {
      const types = (await iceServers(trial)).flatMap(
        ({ parameters }) => parameters['credential-type'] ?? [],
      )
      return judge(
        types.every((type) => type === 'password'),
        types.join(', ') || 'none',
      )
    },
  },
  {
    whip: 148,
    whep: 71,
    title: 'extensions are announced in the 201 by Link',
    level: 'MUST',
    run: async (trial) => {
      const rels = await extensionRels(trial)
      return judge(rels.length > 0, rels.join(', '))
    },
  },
  {
    whip: 151,
    title: "an extension's rel begins with urn:ietf:params:whip:ext",
    level: 'MUST',
    run: async (trial) => {
      const rels = await extensionRels(trial)
      return judge(
        rels.every((rel) => rel.startsWith('urn:ietf:params:whip:ext')),
        rels.join(', '),
      )
    },
  },
  {
    whip: 125,
    whep: 67,
    title: 'a redirect is 307 or 308, never 301 or 302',
    level: 'MUST',
    run: async (trial) => {
      const { redirects } = trial.caller
      if (redirects.length === 0) throw new NotSeen('nothing was redirected')
      const statuses = [...new Set(redirects.map(({ status }) => status))]
      return judge(
        statuses.every((status) => status === 307 || status === 308),
        statuses.join(', '),
      )
    },
  },
  {
    whip: 126,
    whep: 67,
    title: 'PATCH and DELETE are not redirected',
    level: 'practice',
    run: async (trial) => {
      await trial.session()
      const methods = new Set(trial.caller.redirects.map(({ method }) => method))
      const holds = !methods.has('PATCH') && !methods.has('DELETE')
      return judge(holds, holds ? 'none was' : 'it was')
    },
  },
]

async function extensionRels(trial: Trial): Promise<string[]> {
  const rels = (await linksOf(trial)).map(({ parameters }) => parameters.rel ?? '')
  const found = rels.filter((rel) => rel.startsWith('urn:ietf:params:'))
  if (found.length === 0) throw new NotOffered('the 201 announces none')
  return found
}
