import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { readProcess } from '#load/process-meter.ts'

describe.skipIf(process.platform !== 'linux')('what a process uses (proc(5))', () => {
  it('is what it says of itself', () => {
    const { user, system } = process.cpuUsage()
    const reading = readProcess(process.pid)!
    const after = process.cpuUsage()
    // A tick is 10 ms, and both of the two times lose up to one.
    expect(reading.cpu).toBeGreaterThanOrEqual((user + system) / 1000 - 20)
    expect(reading.cpu).toBeLessThanOrEqual((after.user + after.system) / 1000)
    expect(reading.rss / process.memoryUsage.rss()).toBeCloseTo(1, 0)
    expect(reading.threads).toBeGreaterThan(1)
  })

  it('counts open files', () => {
    const before = readProcess(process.pid)!.descriptors!
    const opened = [1, 2, 3].map(() => openSync('/dev/null', 'r'))
    expect(readProcess(process.pid)!.descriptors).toBe(before + 3)
    for (const file of opened) closeSync(file)
  })

  it('is not confused by a name with spaces and parentheses', async () => {
    const odd =
      'require("fs").writeFileSync("/proc/self/comm", "a) b (c"); setInterval(() => {}, 1e6); console.log("up")'
    const child = spawn(process.execPath, ['-e', odd])
    await once(child.stdout, 'data')
    const reading = readProcess(child.pid!)!
    child.kill()
    await once(child, 'exit')
    expect(reading.cpu).toBeGreaterThan(0)
    expect(reading.cpu).toBeLessThan(60_000)
    expect(reading.rss).toBeGreaterThan(1e6)
  })

  it('is undefined of one that does not exist', () => {
    expect(readProcess(2 ** 22 + 1)).toBeUndefined()
  })
})
