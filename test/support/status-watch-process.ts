import { setTimeout as sleep } from 'node:timers/promises'

/*
 * Asks for a JSON document again and again and prints it as a line with the time: a program, so
 * that it can stand in the network namespace of the server.
 * `status-watch-process.ts URL TOKEN INTERVAL`
 */

const [url = '', token = '', interval = '200'] = process.argv.slice(2)
const headers = { authorization: `Bearer ${token}` }

// The test that started this ends it by closing its input, also when it is killed.
process.stdin.resume().once('end', () => process.exit())
for (;;) {
  const response = await fetch(url, { headers })
  const at = performance.timeOrigin + performance.now()
  const body = response.ok ? await response.json() : { status: response.status }
  process.stdout.write(`${JSON.stringify({ at, body })}\n`)
  await sleep(Number(interval))
}
