import { posix } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { pageRoutes } from '#edge/pages.ts'
import { createHttpApp } from '#server/http-app.ts'

const app = createHttpApp({ origins: '*' })
beforeAll(async () => {
  await app.register(pageRoutes)
})

const matches = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map(([, it]) => it!)

/** Every module that a module needs, itself included. */
async function modulesOf(url: string, found = new Set<string>()): Promise<Set<string>> {
  if (found.has(url)) return found
  found.add(url)
  const { body, statusCode } = await app.inject(url)
  expect([url, statusCode]).toEqual([url, 200])
  // An import of types is gone from what is served.
  for (const target of matches(body, /\bfrom '(\.[^']+)'/g)) {
    await modulesOf(posix.join(posix.dirname(url), target), found)
  }
  return found
}

describe.each(['/', '/publish', '/watch/main', '/watch/acme/main', '/status/main'])('%s', (url) => {
  it('is a page that keeps to itself', async () => {
    const { statusCode, headers } = await app.inject(url)
    expect(statusCode).toBe(200)
    expect(headers['content-type']).toBe('text/html; charset=utf-8')
    expect(headers['referrer-policy']).toBe('no-referrer')
    const policy = String(headers['content-security-policy'])
    expect(policy).toContain("default-src 'none'")
    expect(policy).not.toContain('unsafe')
  })

  it('has no script or style of its own that the policy would forbid', async () => {
    const { body } = await app.inject(url)
    expect(body).not.toMatch(/<script>|<style|\sstyle=|\son\w+=/)
  })

  it('names only files that are there, modules with all that they import', async () => {
    const { body } = await app.inject(url)
    const named = matches(body, /(?:src|href)="(\/player\/[^"]+)"/g)
    expect(named.length).toBeGreaterThan(2)
    for (const file of named) {
      if (file.endsWith('.ts')) await modulesOf(file)
      else expect((await app.inject(file)).statusCode).toBe(200)
    }
  })

  it('labels every control', async () => {
    const { body } = await app.inject(url)
    for (const id of matches(body, /<(?:input|select)[^>]* id="([^"]+)"/g)) {
      expect(body).toContain(`<label for="${id}"`)
    }
    expect(body).toContain('<html lang="en"')
    expect(body).toContain('width=device-width')
  })
})

describe('the watch page', () => {
  it('asks for all its modules at once, so that the offer does not wait for one after the other', async () => {
    const { body } = await app.inject('/watch/main')
    const preloaded = matches(body, /rel="modulepreload" href="([^"]+)"/g)
    expect(new Set(preloaded)).toEqual(await modulesOf('/player/watch.ts'))
  })

  it.each(['/watch/Main', '/status/a/b.c', `/watch/${'a'.repeat(65)}`])(
    'says at once that %s can be no stream',
    async (url) => {
      const response = await app.inject(url)
      expect(response.statusCode).toBe(400)
      expect(response.json().code).toBe('bad-stream-name')
    },
  )
})

describe('modules', () => {
  it('are sent as JavaScript', async () => {
    const { headers, body } = await app.inject('/player/whep-client.ts')
    expect(headers['content-type']).toBe('text/javascript; charset=utf-8')
    expect(headers['x-content-type-options']).toBe('nosniff')
    expect(body).not.toContain('interface')
  })

  it('are not sent again to whoever has them', async () => {
    const first = await app.inject('/player/watch.ts')
    const headers = { 'if-none-match': String(first.headers.etag) }
    const second = await app.inject({ url: '/player/watch.ts', headers })
    expect([second.statusCode, second.body]).toEqual([304, ''])
  })

  it.each(['/player/tsconfig.json', '/player/..%2Fpackage.json', '/player/watch.html'])(
    'do not include %s',
    async (url) => {
      expect((await app.inject(url)).statusCode).toBe(404)
    },
  )
})
