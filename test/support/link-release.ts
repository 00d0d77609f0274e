import { registerHooks } from 'node:module'
import { pathToFileURL } from 'node:url'

const self = pathToFileURL(import.meta.filename).href
const constant = /(?<=export const protocolVersion = )\d+/

/**
 * Flags for Node that make of this program another release of it: one in which the version of the
 * protocol between nodes is `version`, and nothing else has changed.
 */
export function releaseFlags(version: number): string[] {
  return [`--import=${self}?version=${version}`]
}

// Where Node imports this file by that flag, in the process of a node.
const version = new URL(import.meta.url).searchParams.get('version')
if (version !== null) {
  registerHooks({
    load(url, context, next) {
      const loaded = next(url, context)
      if (!url.endsWith('/control/messages.ts')) return loaded
      const source = String(loaded.source)
      if (!constant.test(source)) throw new Error(`${url} has no protocolVersion`)
      return { ...loaded, source: source.replace(constant, version) }
    },
  })
}
