import { accessSync, constants, mkdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { type Browser, chromium } from 'playwright-core'

const names = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome']

const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--autoplay-policy=no-user-gesture-required',
  '--use-fake-device-for-media-stream',
  '--use-fake-ui-for-media-stream',
  // Several viewers share one window; the ones outside it must go on drawing.
  '--disable-renderer-backgrounding',
  '--disable-backgrounding-occluded-windows',
  '--disable-background-timer-throttling',
]

export interface ChromiumOptions {
  /** Network namespace to run in. */
  readonly namespace?: string | undefined
  readonly flags?: readonly string[]
}

/** The browser on PATH, or `undefined`. */
function chromiumPath(): string | undefined {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    for (const name of names) {
      const path = join(folder, name)
      try {
        accessSync(path, constants.X_OK)
        return path
      } catch {
        // Not here: look on.
      }
    }
  }
  return undefined
}

/** Why there is no browser to test with; `undefined` where there is one. */
export function chromiumUnavailable(): string | undefined {
  if (chromiumPath() !== undefined) return undefined
  return `no Chromium on PATH (${names.join(', ')}); install it: apt-get install chromium`
}

/** Starts headless Chromium with an empty profile. */
export async function launchChromium(options: ChromiumOptions = {}): Promise<Browser> {
  const path = chromiumPath()
  if (path === undefined) throw new Error(chromiumUnavailable())
  return await chromium.launch({
    executablePath: options.namespace === undefined ? path : wrapper(path, options.namespace),
    args: [...flags, ...(options.flags ?? [])],
    timeout: 30_000,
  })
}

// Playwright starts one program; entering a namespace takes another one around it.
function wrapper(path: string, namespace: string): string {
  const folder = join(tmpdir(), 'tailrace-test')
  mkdirSync(folder, { recursive: true })
  const script = join(folder, `chromium-in-${namespace}`)
  writeFileSync(script, `#!/bin/sh\nexec ip netns exec ${namespace} ${path} "$@"\n`, {
    mode: 0o755,
  })
  return script
}
