import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openSuffix, SpoolFolder } from '#recorder/spool/spool-folder.ts'

describe('a folder of files that are being written', () => {
  let folder: string
  let failures: string[]
  let spool: SpoolFolder

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tailrace-spool-'))
    failures = []
    spool = new SpoolFolder({ folder, failed: (name) => failures.push(name) })
  })
  afterEach(async () => {
    await spool.close()
    rmSync(folder, { recursive: true, force: true })
  })

  it('has a file under its name once it is whole, and not before', async () => {
    const path = join(folder, 'a', 'b', '1.m4s')
    spool.append('a/b/1.m4s', Buffer.from('one '))
    spool.append('a/b/1.m4s', Buffer.from('two'))
    await expect.poll(() => existsSync(path + openSuffix)).toBe(true)
    expect(existsSync(path)).toBe(false)
    expect(await spool.read('a/b/1.m4s')).toBeUndefined()
    expect(await spool.seal('a/b/1.m4s')).toBe(true)
    expect(readFileSync(path, 'utf8')).toBe('one two')
    expect(existsSync(path + openSuffix)).toBe(false)
    expect(await spool.read('a/b/1.m4s')).toEqual(Buffer.from('one two'))
    expect(spool.waiting).toBe(0)
  })

  it('leaves what is not whole to be found under another name', async () => {
    spool.append('1.m4s', Buffer.from('half'))
    await expect.poll(() => spool.waiting).toBe(0)
    expect(readFileSync(join(folder, `1.m4s${openSuffix}`), 'utf8')).toBe('half')
  })

  it('tells once of a file that cannot be written, and has none then', async () => {
    mkdirSync(join(folder, `1.m4s${openSuffix}`))
    spool.append('1.m4s', Buffer.from('one'))
    spool.append('1.m4s', Buffer.from('two'))
    expect(await spool.seal('1.m4s')).toBe(false)
    expect(failures).toEqual(['1.m4s'])
    expect(spool.waiting).toBe(0)
    expect(await spool.write('2.m4s', Buffer.from('two'))).toBe(true)
  })

  it('holds no more than so many bytes that wait, and tells whose are missing', async () => {
    const much = Buffer.alloc(100 * 1024 * 1024)
    for (const name of ['1', '2', '3']) spool.append(name, much)
    expect(spool.waiting).toBe(2 * much.length)
    expect(await Promise.all(['1', '2', '3'].map((name) => spool.seal(name)))).toEqual([
      ...[true, true, false],
    ])
    expect(failures).toEqual(['3'])
  })

  it('forgets what is removed, whether it was there or not', async () => {
    await spool.write('a/1', Buffer.from('one'))
    await spool.remove('a')
    await spool.remove('b')
    expect(await spool.read('a/1')).toBeUndefined()
  })
})
