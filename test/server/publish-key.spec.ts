import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { publishKeys } from '#server/publish-key.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tailrace-key-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

describe('the publish key', () => {
  const config = () => ({ PUBLISH_KEY: [], DATA_DIR: join(folder, 'a', 'data') })

  it('is made once, of 128 bits, and found again', () => {
    const first = publishKeys(config())
    expect(first).toEqual({ kind: 'keys', keys: [expect.stringMatching(/^[0-9a-f]{32}$/)] })
    expect(publishKeys(config())).toEqual(first)
    expect(readdirSync(config().DATA_DIR)).toEqual(['publish-key'])
  })

  it('differs from folder to folder', () => {
    expect(publishKeys(config())).not.toEqual(publishKeys({ ...config(), DATA_DIR: folder }))
  })

  it('is readable by its owner only, also when it was not', () => {
    publishKeys(config())
    const file = join(config().DATA_DIR, 'publish-key')
    expect(statSync(file).mode & 0o777).toBe(0o600)
    writeFileSync(join(folder, 'publish-key'), 'written-by-hand\n', { mode: 0o644 })
    expect(publishKeys({ PUBLISH_KEY: [], DATA_DIR: folder })).toEqual({
      kind: 'keys',
      keys: ['written-by-hand'],
    })
    expect(statSync(join(folder, 'publish-key')).mode & 0o777).toBe(0o600)
  })

  it('is not made where the settings name keys, or none', () => {
    const keys = ['key-of-anna', 'key-of-ben']
    expect(publishKeys({ ...config(), PUBLISH_KEY: keys })).toEqual({ kind: 'keys', keys })
    expect(publishKeys({ ...config(), PUBLISH_KEY: ['none'] })).toEqual({ kind: 'open' })
    expect(readdirSync(folder)).toEqual([])
  })

  it('says what to do when its file is empty, and leaves the file', () => {
    writeFileSync(join(folder, 'publish-key'), '\n')
    expect(() => publishKeys({ PUBLISH_KEY: [], DATA_DIR: folder })).toThrow(/delete the file/)
    expect(readFileSync(join(folder, 'publish-key'), 'utf8')).toBe('\n')
  })

  it('names the setting when the folder is none', () => {
    const file = join(folder, 'file')
    writeFileSync(file, '')
    expect(() => publishKeys({ PUBLISH_KEY: [], DATA_DIR: file })).toThrow(
      /set TAILRACE_DATA_DIR to another folder/,
    )
  })
})
