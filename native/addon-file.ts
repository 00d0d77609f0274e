import { createRequire } from 'node:module'
import type { MediaBinding } from './addon-binding.ts'

/** What the compiled addon exports: the media plane, and what the load tool receives with. */
type AddonBinding = MediaBinding & Readonly<Record<string, unknown>>

/** The compiled addon, or the reason for which it is not there, as the end of a sentence. */
export type LoadedAddon = { readonly binding: AddonBinding } | { readonly why: string }

/** Where `scripts/addon.js` puts it. */
const builtFile = './addon/build/tailrace.node'

/**
 * Loads the native addon.
 *
 * @param file a path, relative to this folder
 */
export function loadAddon(file = builtFile): LoadedAddon {
  if (process.platform !== 'linux') return { why: 'the native addon needs Linux' }
  try {
    return { binding: createRequire(import.meta.url)(file) as AddonBinding }
  } catch (error) {
    return { why: reasonOf(error) }
  }
}

// Not built is the usual one. A file that was built on another machine, or that calls what this
// Node lacks, exists and yet does not load; the loader's sentence then names what is missing.
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if ('code' in error && error.code === 'MODULE_NOT_FOUND') {
    return 'the native addon is not built: npm run build:addon builds it, or says why not'
  }
  return `the native addon does not load: ${error.message}`
}
