import { describe, expect, it } from 'vitest'
import type { Revocation } from '#control/store.ts'
import { backupOf, readBackup, toRestore } from '#control/store-backup.ts'

const one: Revocation = { kind: 'token', value: 't-1\n"ü', at: 1 }
const two: Revocation = {
  ...{ kind: 'subject', value: 'anna', tenant: 'acme', at: 2, until: 30, reason: 'left' },
} as const
const good = backupOf([one, two])

describe('a backup', () => {
  it.each([{ kept: [] }, { kept: [one] }, { kept: [one, two] }])('has what was $kept', (row) => {
    expect(readBackup(backupOf(row.kept))).toEqual(row.kept)
  })

  it.each`
    fault                      | text                                                          | words
    ${'nothing'}               | ${''}                                                         | ${/no backup/}
    ${'something else'}        | ${'{"a": 1}\n'}                                               | ${/no backup/}
    ${'of a later version'}    | ${good.replace('"version":1', '"version":2')}                 | ${/version 2: restore it with/}
    ${'cut off in a line'}     | ${good.slice(0, -40)}                                         | ${/damaged/}
    ${'cut off after a line'}  | ${good.slice(0, good.lastIndexOf('\n', good.length - 2) + 1)} | ${/damaged/}
    ${'its first line only'}   | ${good.slice(0, good.indexOf('\n') + 1)}                      | ${/damaged/}
    ${'without its last byte'} | ${good.slice(0, -1)}                                          | ${/damaged/}
    ${'changed'}               | ${good.replace('anna', 'hanna')}                              | ${/damaged/}
    ${'longer'}                | ${`${good}{}\n`}                                              | ${/damaged/}
    ${'whole, and not ours'}   | ${backupOf([one, { ...two, kind: 'x' as 'key' }])}            | ${/line 3 .*nothing was restored/}
  `('that is $fault is refused', ({ text, words }) => {
    expect(() => readBackup(text)).toThrow(words)
  })
})

describe('what is restored', () => {
  it.each`
    kept                               | backup                         | put
    ${[]}                              | ${[one, two]}                  | ${[one, two]}
    ${[one, two]}                      | ${[two, one]}                  | ${[]}
    ${[{ ...two, at: 9 }]}             | ${[two]}                       | ${[]}
    ${[{ ...two, at: 1 }]}             | ${[{ ...two, reason: 'old' }]} | ${[two]}
    ${[two]}                           | ${[{ ...two, until: 40 }]}     | ${[{ ...two, until: 40 }]}
    ${[two]}                           | ${[{ ...two, until: 20 }]}     | ${[]}
    ${[{ ...one, until: 9 }]}          | ${[one]}                       | ${[one]}
    ${[one]}                           | ${[{ ...one, until: 9 }]}      | ${[]}
    ${[]}                              | ${[one, { ...one, at: 5 }]}    | ${[{ ...one, at: 5 }]}
    ${[{ ...two, tenant: undefined }]} | ${[two]}                       | ${[two]}
  `('of $backup over $kept is the stronger', ({ kept, backup, put }) => {
    expect(toRestore(kept, backup)).toEqual(put)
  })
})
