import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Child } from '#test/support/child.ts'
import { ServerProcess } from '#test/support/server-process.ts'

const tool = 'conformance/main.ts'
const committed = 'docs/conformance-report.md'
const playToken = 'e2e-play-token'

/** The table of checks, without what was seen: the verdicts are the promise. */
function verdictsOf(report: string): string[] {
  return report
    .split('\n')
    .filter((line) => /^\| WH[IE]P-\d+ \| (?:MUST|SHOULD|MAY|practice|policy) \|/.test(line))
    .map((line) => line.split(' | ').slice(0, 4).join(' | '))
}

/** Runs the tool to its end. @returns its exit code */
async function exitCodeOf(...words: string[]): Promise<number | null> {
  const child = new Child(process.execPath, [tool, ...words])
  await once(child.process, 'close')
  return child.process.exitCode
}

describe('npm run conformance', () => {
  let server: ServerProcess
  let folder: string
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tailrace-conformance-'))
    server = await ServerProcess.start({
      env: {
        TAILRACE_PLAY_TOKEN: playToken,
        TAILRACE_ICE_SERVERS: 'stun:stun.example:3478,turn:turn.example:3478|user|secret',
      },
    })
  })
  afterAll(async () => {
    await server?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  it('sees of this server what docs/conformance-report.md says', { timeout: 200_000 }, async () => {
    const report = join(folder, 'report.md')
    const tokens = ['--publish-token', server.key, '--play-token', playToken]
    const words = ['--url', server.origin, ...tokens, '--rate', '20', '--report', report]
    const code = await exitCodeOf(...words)
    const verdicts = verdictsOf(readFileSync(report, 'utf8'))
    expect(verdicts.length).toBeGreaterThan(200)
    expect(verdicts).toEqual(verdictsOf(readFileSync(committed, 'utf8')))
    expect(code).toBe(0)
  })

  it('ends with 2 when it cannot obey', async () => {
    expect(await exitCodeOf('--whip', 'nowhere')).toBe(2)
  })

  it('ends with 1 where nobody answers', async () => {
    expect(await exitCodeOf('--whip', 'http://127.0.0.1:9/whip/x')).toBe(1)
  })
})
