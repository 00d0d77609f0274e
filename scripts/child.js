import { spawn } from 'node:child_process'
import { constants } from 'node:os'

const forwarded = ['SIGINT', 'SIGTERM', 'SIGHUP']

/**
 * Runs a program with our standard streams, passes on the signals that would end us, and
 * resolves to the exit code a shell would report. Rejects when it cannot be started.
 */
export function runChild(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: 'inherit', ...options })
    const forward = (signal) => child.kill(signal)
    for (const signal of forwarded) process.on(signal, forward)
    const settle = (outcome, value) => {
      for (const signal of forwarded) process.off(signal, forward)
      outcome(value)
    }
    child.on('error', (error) => settle(reject, error))
    child.on('close', (code, signal) => {
      settle(resolve, code ?? 128 + (constants.signals[signal] ?? 0))
    })
  })
}
