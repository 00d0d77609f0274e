import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { AuditRig, event } from './audit-rig.ts'

let rig: AuditRig
beforeEach(() => {
  rig = new AuditRig()
})
afterEach(() => rig.remove())

type Edit = (lines: string[]) => string[]
const swap: Edit = ([one, two, ...rest]) => [two!, one!, ...rest]

describe('the verifier finds (SEC-71)', () => {
  it.each`
    what                      | edit                                                                    | fault
    ${'nothing'}              | ${(lines: string[]) => lines}                                           | ${undefined}
    ${'an edit'}              | ${(lines: string[]) => lines.map((l) => l.replace('"s-1"', '"s-9"'))}   | ${'line 3: record 2 before it is another than when it was written'}
    ${'an edit of the last'}  | ${(lines: string[]) => lines.map((l) => l.replace('"s-4"', '"s-9"'))}   | ${'line 5: it is another than the signed head says'}
    ${'a record that is out'} | ${(lines: string[]) => lines.toSpliced(1, 1)}                           | ${'line 2: records 2 to 2 are missing'}
    ${'the first one out'}    | ${(lines: string[]) => lines.slice(1)}                                  | ${'line 1: records 1 to 1 are missing'}
    ${'two that were moved'}  | ${swap}                                                                 | ${'line 1: records 1 to 1 are missing'}
    ${'one that comes twice'} | ${(lines: string[]) => [...lines.slice(0, 2), ...lines.slice(1)]}       | ${'line 3: it is record 2 a second time: moved, or a fork'}
    ${'a cut end'}            | ${(lines: string[]) => lines.slice(0, 3)}                               | ${'records 4 to 5 are cut off: a signed head has them'}
    ${'nothing left'}         | ${() => []}                                                             | ${'records 1 to 5 are cut off: a signed head has them'}
    ${'another form'}         | ${(lines: string[]) => lines.map((l) => l.replace(':', ': '))}          | ${'line 1: it is no record, or not in its canonical form'}
    ${'no record at all'}     | ${(lines: string[]) => [...lines, '{}']}                                | ${'line 6: it is no record, or not in its canonical form'}
    ${'another chain'}        | ${(lines: string[]) => lines.map((l) => l.replace('"acme"', '"ccme"'))} | ${'line 1: it is of the chain "ccme"'}
  `('$what', async ({ edit, fault }) => {
    await rig.fill(5)
    const lines = edit(rig.read().trimEnd().split('\n'))
    rig.write(lines.map((line: string) => `${line}\n`).join(''))
    const [report] = await rig.verify()
    if (fault === undefined) expect(report).toEqual({ tenant: 'acme', records: 5 })
    else expect(report!.fault).toContain(fault)
  })

  it('a head that somebody else wrote, or that is gone', async () => {
    await rig.fill(2)
    const head = rig.read('head.json')
    rig.write(head.replace('"seq":2', '"seq":1'), 'head.json')
    expect((await rig.verify())[0]!.fault).toBe('head.json: it is not signed with the key')
    const other = new AuditRig()
    await other.fill(2)
    rig.write(other.read('head.json'), 'head.json')
    expect((await rig.verify())[0]!.fault).toBe('head.json: it is not signed with the key')
    other.remove()
  })

  it('a chain that was cut together with its head, by a head kept elsewhere', async () => {
    await rig.fill(2)
    const early = { head: rig.read('head.json'), text: rig.read() }
    const log = rig.open()
    await log.append(event(3))
    await log.close()
    const anchor = rig.read('head.json')
    rig.write(early.head, 'head.json')
    rig.write(early.text)
    expect(await rig.verify()).toEqual([{ tenant: 'acme', records: 2 }])
    expect((await rig.verify([anchor]))[0]!.fault).toMatch(/records 3 to 3 are cut off/)
    await expect(rig.verify(['{}'])).rejects.toThrow(/no head signed with this key/)
  })

  it('a missing file among several', async () => {
    await rig.fill(9, { rotateAt: 400 })
    const files = rig.files().filter((name) => name.endsWith('.jsonl'))
    expect(files.length).toBeGreaterThan(2)
    expect(await rig.verify()).toEqual([{ tenant: 'acme', records: 9 }])
    rig.write('', files[1])
    expect((await rig.verify())[0]!.fault).toMatch(/are missing/)
  })
})
