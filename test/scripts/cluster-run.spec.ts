import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Program } from '#scripts/cluster/plan.ts'
import { RunningCluster } from '#scripts/cluster/running-cluster.ts'

let folder: string
let said: string[]
let give: AbortController
let cluster: RunningCluster | undefined
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tailrace-run-'))
  said = []
  give = new AbortController()
})
afterEach(async () => {
  cluster?.kill()
  await cluster?.ended()
  cluster = undefined
  rmSync(folder, { recursive: true, force: true })
})

/** A program that says when it runs, and when it takes its leave. */
const polite = `
  process.on('SIGTERM', () => { console.log('leaves'); process.exit(0) })
  setInterval(() => {}, 1000)
  console.log('runs')`
const stubborn = polite.replace("console.log('leaves'); process.exit(0)", '')

function program(name: string, stage: number, code = polite): Program {
  return {
    name,
    command: process.execPath,
    args: ['--eval', code],
    env: { NAME: name },
    folder: join(folder, name),
    ready: { line: 'runs' },
    stage,
  }
}

async function start(programs: readonly Program[], readyWithin = 30_000) {
  const say = (name: string, line: string) => void said.push(`${name} ${line}`)
  cluster = await RunningCluster.start(programs, { say, readyWithin, signal: give.signal })
  return cluster
}

describe('programs that run together', () => {
  it('start stage by stage, and end the other way round', async () => {
    const running = await start([program('child', 2), program('root', 0), program('parent', 1)])
    expect(said).toEqual(['root runs', 'parent runs', 'child runs'])
    expect(await running.stop(30_000)).toEqual([])
    expect(said.slice(3)).toEqual(['child leaves', 'parent leaves', 'root leaves'])
  })

  it('get their environment, their folder and their files', async () => {
    const code = `
      const { readFileSync } = require('node:fs')
      console.log(process.env.NAME, readFileSync('a/b.txt', 'utf8'))
      ${polite}`
    await start([{ ...program('one', 0, code), files: { 'a/b.txt': 'text' } }])
    expect(said).toEqual(['one one text', 'one runs'])
  })

  it('are ready where they take connections', async () => {
    const probe = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => probe.once('listening', resolve))
    const { port } = probe.address() as { port: number }
    await new Promise((resolve) => probe.close(resolve))
    const code = `require('node:net').createServer().listen(${port}, '127.0.0.1')`
    const listening = { ...program('one', 0, code), ready: { address: '127.0.0.1', port } }
    const running = await start([listening, program('two', 1)])
    expect(said).toEqual(['two runs'])
    expect(running.programs.map(({ hasEnded }) => hasEnded)).toEqual([false, false])
  })

  it.each`
    what                         | one                                                           | message
    ${'one that ends'}           | ${{ args: ['--eval', 'process.exit(3)'] }}                    | ${'one ended with code 3 before it was ready'}
    ${'one that is not there'}   | ${{ command: '/nowhere/program' }}                            | ${/^one could not be started: .*ENOENT/}
    ${'one that says something'} | ${{ args: ['--eval', "console.log('no'); process.exit(1)"] }} | ${'one ended with code 1 before it was ready'}
  `('do not start with $what: the others are ended', async ({ one, message }) => {
    const others = [program('root', 0), { ...program('one', 1), ...one }, program('late', 2)]
    await expect(start(others)).rejects.toThrow(message)
    expect(said).not.toContain('late runs')
  })

  it('are given up when one takes too long', async () => {
    const silent = program('one', 0, 'setInterval(() => {}, 1000)')
    await expect(start([silent], 200)).rejects.toThrow('one is not ready yet, and was given up')
  })

  it('are given up when nobody wants them any more', async () => {
    const starting = start([program('one', 0, 'setInterval(() => {}, 1000)')])
    give.abort()
    await expect(starting).rejects.toThrow('one is not ready yet')
  })

  it('go on when one is lost, and say so', async () => {
    const running = await start([program('one', 0), program('two', 0)])
    const [one, two] = running.programs
    process.kill(one!.pid!, 'SIGKILL')
    await one!.ended
    await expect
      .poll(() => said, { timeout: 15_000 })
      .toContain('one ended by SIGKILL; the rest goes on')
    expect(two!.hasEnded).toBe(false)
  })

  it('are killed where they do not end in time', async () => {
    const running = await start([program('root', 0), program('deaf', 1, stubborn)])
    expect(await running.stop(300)).toEqual(['root', 'deaf'])
    expect(running.programs.every(({ hasEnded }) => hasEnded)).toBe(true)
  })
})
