import { type ChildProcess, spawn } from 'node:child_process'
import { resolve } from 'node:path'
import { childEnvironment } from './config.ts'

/** The stream that `--demo` publishes. */
export const demoStream = 'demo'

/**
 * Publishes the bundled clip from a process of its own, through the same door as everybody else.
 *
 * @param origin of this very node
 */
export function startDemo(origin: string, publishKey: string | undefined): ChildProcess {
  const program = resolve(import.meta.dirname, '../load/demo.ts')
  const token = publishKey === undefined ? [] : ['--token', '-']
  const args = [program, '--url', `${origin}/whip/${demoStream}`, ...token]
  const child = spawn(process.execPath, args, {
    stdio: ['pipe', 'inherit', 'inherit'],
    // Our certificate is made out for a public name, and it talks to its own parent.
    env: childEnvironment(origin.startsWith('https:') ? { NODE_TLS_REJECT_UNAUTHORIZED: '0' } : {}),
  })
  child.stdin.end(publishKey)
  return child
}
