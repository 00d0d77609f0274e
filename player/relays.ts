/** A value of a Link field: target, then parameters (RFC 8288 §3). */
const linkValue = /<([^<>]*)>((?:\s*;\s*[\w-]+(?:\s*=\s*(?:"(?:[^"\\]|\\.)*"|[^\s;,"]+))?)*)/g
const parameter = /([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;,"]+))/g

/**
 * The TURN servers that a 201 or 406 names (RFC 9725 §4.6). STUN is of no use here: our own
 * addresses are learned by the server, which has a public one.
 *
 * @param link the field as `Headers.get` says it: values of several fields joined by commas
 */
export function namedRelays(link: string | null): RTCIceServer[] {
  return Array.from((link ?? '').matchAll(linkValue)).flatMap(([, urls = '', rest = '']) => {
    const parameters = parametersOf(rest)
    const { rel = '', username, credential, 'credential-type': type = 'password' } = parameters
    if (!/(^|\s)ice-server(\s|$)/i.test(rel) || !/^turns?:/i.test(urls)) return []
    // Browsers refuse a whole configuration for one relay without a credential that they can use.
    if (username === undefined || credential === undefined || type !== 'password') return []
    return [{ urls, username, credential }]
  })
}

function parametersOf(text: string): Record<string, string | undefined> {
  const found = Array.from(text.matchAll(parameter), ([, name = '', quoted, token]) => {
    return [name.toLowerCase(), quoted?.replaceAll(/\\(.)/g, '$1') ?? token] as const
  })
  return Object.fromEntries(found)
}
