import { accessSync, constants, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { networkInterfaces, tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { createInterface } from 'node:readline'
import { Child, within } from './child.ts'
import { FirefoxRemote } from './firefox-remote.ts'

const names = ['firefox-esr', 'firefox']

/** The profile's settings: it plays without a click, and keeps to itself. */
const preferences: Record<string, string | number | boolean> = {
  'media.autoplay.default': 0,
  'media.autoplay.blocking_policy': 0,
  // Without a sound card, Web Audio would wait for one for ever.
  'media.cubeb.force_mock_context': true,
  // Names in place of addresses would be announced by multicast, beyond this machine.
  'media.peerconnection.ice.obfuscate_host_addresses': false,
  // Updates, telemetry and OpenH264 are looked for by name; the tests use addresses.
  'network.dns.disabled': true,
  'browser.startup.page': 0,
}

function firefoxPath(): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter)
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find(isProgram)
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** Why there is no Firefox to test with; `undefined` where there is one. */
export function firefoxUnavailable(): string | undefined {
  if (firefoxPath() === undefined) {
    return `no Firefox on PATH (${names.join(', ')}); install it: apt-get install firefox-esr`
  }
  const addresses = Object.values(networkInterfaces()).flatMap((found) => found ?? [])
  if (addresses.some(({ internal }) => !internal)) return undefined
  return 'Firefox sends no media over loopback, and this machine has no other address'
}

/** A headless Firefox with an empty profile of its own. */
export class Firefox {
  readonly remote: FirefoxRemote
  readonly #child: Child
  readonly #parts: AsyncDisposableStack

  private constructor(remote: FirefoxRemote, child: Child, parts: AsyncDisposableStack) {
    this.remote = remote
    this.#child = child
    this.#parts = parts
  }

  static async launch(): Promise<Firefox> {
    const path = firefoxPath()
    if (path === undefined) throw new Error(firefoxUnavailable())
    await using parts = new AsyncDisposableStack()
    const profile = mkdtempSync(join(tmpdir(), 'tailrace-firefox-'))
    parts.defer(() => rmSync(profile, { recursive: true, force: true, maxRetries: 5 }))
    writeFileSync(join(profile, 'user.js'), userFile())
    const args = ['--headless', '--no-remote', '--profile', profile, '--remote-debugging-port', '0']
    const child = new Child(path, args, { env: { HOME: profile, MOZ_CRASHREPORTER_DISABLE: '1' } })
    parts.defer(async () => void (await child.stop('SIGKILL')))
    // A run that is broken off closes nothing.
    const kill = () => child.process.kill('SIGKILL')
    process.once('exit', kill)
    parts.defer(() => void process.off('exit', kill))
    const listening = Promise.withResolvers<string>()
    createInterface({ input: child.process.stderr! }).on('line', (line) => {
      const [, url] = /^WebDriver BiDi listening on (ws:\S+)/.exec(line) ?? []
      if (url !== undefined) listening.resolve(url)
    })
    const url = await child.expect(listening.promise, 30_000, 'Firefox to take commands')
    return new Firefox(await FirefoxRemote.open(url), child, parts.move())
  }

  async close(): Promise<void> {
    try {
      await this.remote.quit()
      await within(this.#child.exited, 10_000, () => 'Firefox to quit')
    } finally {
      await this.#parts.disposeAsync()
    }
  }
}

function userFile(): string {
  const lines = Object.entries(preferences).map(([name, value]) => {
    return `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`
  })
  return lines.join('')
}
