import { spawnSync } from 'node:child_process'
import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { AuditRig } from '#test/control/audit/audit-rig.ts'

let rig: AuditRig
beforeEach(() => {
  rig = new AuditRig()
})
afterEach(() => rig.remove())

function verify(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['scripts/verify-audit.js', ...args],
    { encoding: 'utf8' },
  )
  return { status, stdout, stderr }
}

it('says of each chain that it is as it was, and ends with 0', async () => {
  await rig.fill(3)
  expect(verify(rig.folder)).toEqual({ status: 0, stdout: 'acme: OK, 3 records\n', stderr: '' })
})

it('names the first bad record, and ends with 1', async () => {
  await rig.fill(3)
  rig.write(rig.read().replace('"s-1"', '"s-9"'))
  expect(verify(rig.folder)).toMatchObject({
    status: 1,
    stdout: expect.stringMatching(
      /^acme: 000000000001\.jsonl line 3: record 2 before it is another/,
    ),
  })
})

it('goes by a key and heads that were kept elsewhere', async () => {
  await rig.fill(2)
  const [key, anchor] = [join(rig.folder, 'kept.pem'), join(rig.folder, 'kept.json')]
  renameSync(join(rig.folder, 'key.pub.pem'), key)
  writeFileSync(anchor, rig.read('head.json'))
  expect(verify(rig.folder).status).toBe(1)
  expect(verify(rig.folder, '--key', key, '--anchor', anchor).status).toBe(0)
  rig.write(`${rig.read().split('\n')[0]}\n`)
  expect(verify(rig.folder, '--key', key, '--anchor', anchor).stdout).toMatch(/are cut off/)
})

it.each([[[]], [['/nowhere']], [['a', 'b']], [['--what']]])(
  'says what is wrong with %j',
  (args) => {
    const { status, stderr } = verify(...args)
    expect([status, stderr.length > 10]).toEqual([1, true])
  },
)
