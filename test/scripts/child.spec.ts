import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'

/** Starts Node, which starts Node by `runChild` to run `program`, as our entry scripts do. */
function nested(program: string) {
  const parent = `
    import { runChild } from './scripts/child.js'
    process.exitCode = await runChild(process.execPath, ['-e', ${JSON.stringify(program)}])`
  return spawn(process.execPath, ['--input-type=module', '-e', parent], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
}

describe('a program that an entry script runs', () => {
  it.each`
    program                                   | code
    ${''}                                     | ${0}
    ${'process.exit(3)'}                      | ${3}
    ${"process.kill(process.pid, 'SIGKILL')"} | ${137}
  `('ends it with code $code: $program', async ({ program, code }) => {
    expect(await once(nested(program), 'exit')).toEqual([code, null])
  })

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    'gets %s, and may take its leave',
    async (signal) => {
      const parent = nested(`
      process.on('${signal}', () => { console.log('told'); process.exit(5) })
      setInterval(() => {}, 1000)
      console.log('ready')`)
      parent.stdout.once('data', () => parent.kill(signal))
      const [output, exit] = await Promise.all([text(parent.stdout), once(parent, 'exit')])
      expect(output).toBe('ready\ntold\n')
      expect(exit).toEqual([5, null])
    },
  )
})
