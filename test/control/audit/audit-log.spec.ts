import { rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { AuditRig, event, numbersIn } from './audit-rig.ts'

let rig: AuditRig
beforeEach(() => {
  rig = new AuditRig()
})
afterEach(() => rig.remove())

describe('the audit log', () => {
  it('keeps events in their order, a chain per tenant (SEC-74)', async () => {
    const log = rig.open()
    for (let i = 0; i < 500; i++) log.note(event(i, i % 2 === 0 ? 'acme' : 'other'))
    await log.append(event(500))
    expect(numbersIn(rig.read()).at(-1)).toBe(500)
    await log.close()
    expect(numbersIn(rig.read())).toEqual(Array.from({ length: 251 }, (_, i) => 2 * i))
    expect(await rig.verify()).toEqual([
      { tenant: 'acme', records: 251 },
      { tenant: 'other', records: 250 },
    ])
    expect(log.statistics).toEqual({ written: 501, lost: 0, failures: 0 })
    expect(statSync(join(rig.folder, 'acme', '000000000001.jsonl')).mode & 0o777).toBe(0o600)
  })

  it('goes on after a restart, in the next file when one is full', async () => {
    for (let run = 0; run < 3; run++) await rig.fill(4, { rotateAt: 600 })
    const files = rig.files().filter((name) => name.endsWith('.jsonl'))
    expect(files.length).toBeGreaterThan(2)
    expect(files[0]).toBe('000000000001.jsonl')
    expect(await rig.verify()).toEqual([{ tenant: 'acme', records: 12 }])
    expect(rig.failures).toEqual([])
  })

  it('gives tenants past so many one chain together', async () => {
    const log = rig.open({ chains: 100, known: ['t101'] })
    for (let i = 0; i < 102; i++) log.note(event(i, `t${i}`))
    await log.close()
    expect(numbersIn(rig.read('000000000001.jsonl', '@other'))).toEqual([99, 100])
    const reports = await rig.verify()
    expect([reports.length, reports.every(({ fault }) => fault === undefined)]).toEqual([101, true])
  })
})

describe('a crash', () => {
  const torn = '{"actor":"u1","event":"session.cre'

  it('leaves a torn line, which is put aside; the chain goes on (SEC-71)', async () => {
    await rig.fill(2)
    rig.write(`${rig.read()}${torn}`)
    expect(await rig.verify()).toEqual([{ tenant: 'acme', records: 2 }])
    await rig.fill(1)
    expect(await rig.verify()).toEqual([{ tenant: 'acme', records: 4 }])
    expect(rig.read()).toContain('"event":"audit.damaged"')
    expect(rig.files().some((name) => rig.read(name) === torn)).toBe(true)
    expect(rig.failures).toEqual([expect.stringMatching(/^acme: .*"torn":34/)])
  })

  it('may come before the first line is whole, or right after a rotation', async () => {
    rig.write(torn)
    await rig.fill(1)
    expect(await rig.verify()).toEqual([{ tenant: 'acme', records: 2 }])
    rig.write('', '000000000003.jsonl')
    await rig.fill(1)
    expect(await rig.verify()).toEqual([{ tenant: 'acme', records: 3 }])
  })

  it('is no excuse for a cut end: the old head stays, and the verifier has it', async () => {
    await rig.fill(3)
    rig.write(`${rig.read().split('\n')[0]}\n`)
    await rig.fill(1)
    expect(rig.failures).toEqual([expect.stringMatching(/"head":3,"found":1/)])
    expect((await rig.verify())[0]!.fault).toMatch(/it is another than the signed head says/)
    expect(rig.files()).toContain('head-3-1.json')
  })

  it('nor for a head that is gone', async () => {
    await rig.fill(2)
    rmSync(join(rig.folder, 'acme', 'head.json'))
    expect((await rig.verify())[0]!.fault).toBe('head.json: it is missing')
    await rig.fill(1)
    expect(rig.failures).toEqual([expect.stringMatching(/"head":0,"found":2/)])
  })
})

describe('a disk that fails', () => {
  const notKept = expect.objectContaining({ code: 'audit-failed' })
  const inTheWay = () => join(rig.folder, 'acme')

  it('fails the acts that must be on record, and is said once', async () => {
    writeFileSync(inTheWay(), '')
    const log = rig.open()
    await expect(log.append(event(1))).rejects.toThrow(notKept)
    expect(log.trouble).toMatch(/EEXIST|ENOTDIR/)
    await expect(log.append(event(2))).rejects.toThrow(notKept)
    expect(rig.failures).toHaveLength(1)
    await log.close()
    expect(log.statistics.failures).toBeGreaterThan(1)
    rmSync(inTheWay())
  })

  it('does not keep other chains from theirs', async () => {
    writeFileSync(inTheWay(), '')
    const log = rig.open()
    const [bad, good] = await Promise.allSettled([
      log.append(event(1)),
      log.append(event(2, 'other')),
    ])
    expect([bad.status, good.status]).toEqual(['rejected', 'fulfilled'])
    await log.close()
    rmSync(inTheWay())
  })

  it('loses nothing that was noted once it works again', async () => {
    writeFileSync(inTheWay(), '')
    const log = rig.open()
    log.note(event(1))
    await expect(log.append(event(2))).rejects.toThrow(notKept)
    log.note(event(3))
    rmSync(inTheWay())
    await log.append(event(4))
    expect(log.trouble).toBeUndefined()
    await log.close()
    expect(numbersIn(rig.read())).toEqual([1, 3, 4])
  })

  it('counts what has no room, and writes the count down', async () => {
    const log = rig.open({ capacity: 3 })
    for (let i = 0; i < 10; i++) log.note(event(i))
    expect(log.trouble).toBe('the audit log cannot keep up')
    await expect(log.append(event(11))).rejects.toThrow(notKept)
    await log.close()
    expect(numbersIn(rig.read())).toEqual([0, 1, 2])
    expect(rig.read('000000000001.jsonl', '@node')).toContain('"detail":{"count":7}')
    expect(log.statistics.lost).toBe(7)
    expect(log.trouble).toBeUndefined()
  })
})
