import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { parseClusterFlags } from '#scripts/cluster/flags.ts'
import { clusterSecrets } from '#scripts/cluster/secrets.ts'
import { clusterShape } from '#scripts/cluster/shape.ts'
import { Config } from '#server/config.ts'
import { isInstalled, Program } from '#test/support/program.ts'

const script = 'scripts/cluster.js'

// Below the ports that the system gives out, and another base in each process of the tests.
const basePort = 12_000 + (process.pid % 180) * 100

// This server may be older than the cluster's last setting.
const settings = ['TAILRACE_STORE_URL', 'TAILRACE_REGION_HEADER']
const omit = settings.filter((name) => !(name.replace('TAILRACE_', '') in Config.properties))

const missing = ['redis-server', 'nats-server'].filter((program) => !isInstalled(program))

describe('npm run cluster', () => {
  it('runs every node until it is told to end, also when one is lost', async ({ skip }) => {
    if (missing.length > 0)
      skip(`no ${missing.join()}; install: apt-get install ${missing.join(' ')}`)
    const args = [script, '--base-port', String(basePort), '--omit', omit.join()]
    const cluster = new Program(process.execPath, args)
    // Killed, it would leave its nodes behind.
    onTestFinished(async () => {
      const exit = once(cluster.process, 'exit')
      if (cluster.process.kill('SIGTERM')) await exit
    }, 60_000)
    await cluster.until(/The cluster is running/)
    for (const [index, { name }] of clusterShape.entries()) {
      const response = await fetch(`http://127.0.0.1:${basePort + 10 * (index + 1)}/readyz`)
      expect({ name, status: response.status }).toEqual({ name, status: 200 })
    }
    const [, pid] = await cluster.until(/^relay-2 +us +(\d+) /m)
    process.kill(Number(pid), 'SIGKILL')
    await cluster.until(/^relay-2 +ended by SIGKILL; the rest goes on$/m)
    cluster.process.kill('SIGINT')
    const [code, signal] = await once(cluster.process, 'exit')
    expect({ code, signal }).toEqual({ code: 0, signal: null })
    await expect(fetch(`http://127.0.0.1:${basePort + 10}/readyz`)).rejects.toThrow()
  }, 120_000)

  it.each`
    args                          | says
    ${['--base-port', 'x']}       | ${'--base-port takes a number from 1 to 65400, not "x"'}
    ${['--base-port', '65500']}   | ${'--base-port takes a number from 1 to 65400, not "65500"'}
    ${['--address', '0.0.0.0']}   | ${'--address takes an address that others can reach, not "0.0.0.0"'}
    ${['--address', 'a.example']} | ${'--address takes an address that others can reach, not "a.example"'}
    ${['--keeep']}                | ${"Unknown option '--keeep'"}
  `('says what is wrong with $args', ({ args, says }) => {
    const { status, stderr } = spawnSync(process.execPath, [script, ...args], { encoding: 'utf8' })
    expect(stderr).toContain(says)
    expect(stderr).toContain('"npm run cluster -- --help" lists the flags.')
    expect(status).toBe(1)
  })
})

describe('a machine without Redis', () => {
  it('hears what a cluster needs, and what installs it', () => {
    const env = { ...process.env, PATH: '/nowhere', HOME: '/nowhere' }
    const { status, stderr } = spawnSync(process.execPath, [script], { encoding: 'utf8', env })
    expect(stderr).toContain('a cluster needs redis')
    expect(stderr).toContain('apt-get install redis-server')
    expect(status).toBe(1)
  })
})

describe('an address of another machine', () => {
  // RFC 5737 §3: of documentation, so no machine's.
  it.each`
    ports                 | flags
    ${'found'}            | ${[]}
    ${'that it is given'} | ${['--base-port', String(basePort)]}
  `('is refused in words, with ports $ports', ({ flags }) => {
    const args = [script, '--address', '203.0.113.1', ...flags]
    const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
    expect(stderr.trim()).toBe(
      'tailrace: this machine has no address 203.0.113.1: --address takes one of its own',
    )
    expect(status).toBe(1)
  })
})

describe('keys that a cluster makes', () => {
  it('begin with no dash, which programs would take for an option', () => {
    const folder = mkdtempSync(join(tmpdir(), 'tailrace-secrets-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const made = clusterSecrets(folder, {})
    for (const key of Object.values(made)) expect(key).toMatch(/^[0-9a-f]{36,}$/)
    expect(clusterSecrets(folder, {})).toEqual(made)
  })
})

describe('the flags of npm run cluster', () => {
  it('have defaults for one machine', () => {
    expect(parseClusterFlags([])).toEqual({
      address: '127.0.0.1',
      keep: false,
      omit: [],
      help: false,
    })
  })

  it('are taken as they are said', () => {
    const args = ['--base-port', '9000', '--keep', '--omit', 'A,B', '--address', '192.0.2.7']
    expect(parseClusterFlags(args)).toEqual({
      basePort: 9000,
      address: '192.0.2.7',
      keep: true,
      omit: ['A', 'B'],
      help: false,
    })
  })
})
