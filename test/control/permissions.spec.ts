import { describe, expect, it } from 'vitest'
import { Permissions } from '#control/permissions.ts'
import { principalOf } from '#control/principal.ts'
import { streamName } from '#core/stream-name.ts'

const name = streamName(undefined, 'main')
const code = (expected: string) => expect.objectContaining({ code: expected })

describe('static keys', () => {
  const permissions = new Permissions({
    publishKeys: ['pub-a', 'pub-b'],
    playTokens: ['play-a'],
    allowAnonymousPublish: false,
  })

  it.each`
    action       | token       | who
    ${'publish'} | ${'pub-a'}  | ${'a publisher by the first key'}
    ${'publish'} | ${'pub-b'}  | ${'a publisher by the second key'}
    ${'view'}    | ${'play-a'} | ${'a viewer'}
  `('let in $who', async ({ action, token }) => {
    expect(await permissions.authorize(action, name, token)).toEqual(principalOf(token))
  })

  it.each`
    action       | token               | refusal            | why
    ${'publish'} | ${undefined}        | ${'token-missing'} | ${'nobody in particular'}
    ${'view'}    | ${undefined}        | ${'token-missing'} | ${'nobody in particular, to view'}
    ${'publish'} | ${'pub-'}           | ${'token-invalid'} | ${'a part of a key'}
    ${'publish'} | ${'pub-aa'}         | ${'token-invalid'} | ${'more than a key'}
    ${'publish'} | ${'play-a'}         | ${'not-allowed'}   | ${'a viewer who publishes (SEC-5)'}
    ${'view'}    | ${'pub-a'}          | ${'not-allowed'}   | ${'a publisher who views (SEC-5)'}
    ${'publish'} | ${'x'.repeat(8193)} | ${'token-invalid'} | ${'a token past 8 KiB (SEC-12)'}
  `('keep out $why', async ({ action, token, refusal }) => {
    await expect(permissions.authorize(action, name, token)).rejects.toThrow(code(refusal))
  })
})

describe('without keys', () => {
  const open = { publishKeys: [], playTokens: [], allowAnonymousPublish: true }

  it('everybody may view, and is told apart by whatever token was sent', async () => {
    const permissions = new Permissions({ ...open, publishKeys: ['pub-a'] })
    expect(await permissions.authorize('view', name, undefined)).toEqual({ id: 'anonymous' })
    expect(await permissions.authorize('view', name, 'any')).toEqual(principalOf('any'))
  })

  it('everybody may publish where that is allowed, with any token', async () => {
    const permissions = new Permissions(open)
    expect(await permissions.authorize('publish', name, undefined)).toEqual({ id: 'anonymous' })
    expect(await permissions.authorize('publish', name, 'any')).toEqual(principalOf('any'))
  })

  it('nobody may publish where that is not allowed', async () => {
    const permissions = new Permissions({ ...open, allowAnonymousPublish: false })
    await expect(permissions.authorize('publish', name, undefined)).rejects.toThrow(
      code('token-missing'),
    )
    await expect(permissions.authorize('publish', name, 'any')).rejects.toThrow(
      code('token-invalid'),
    )
  })

  it('a wrong key is refused even where no key would do', async () => {
    const permissions = new Permissions({ ...open, publishKeys: ['pub-a'] })
    expect(await permissions.authorize('publish', name, undefined)).toEqual({ id: 'anonymous' })
    await expect(permissions.authorize('publish', name, 'pub-b')).rejects.toThrow(
      code('token-invalid'),
    )
  })
})

describe('a principal', () => {
  it('is the first half of the SHA-256 of its token', () => {
    // FIPS 180-2 appendix B.1: SHA-256("abc") = ba7816bf 8f01cfea 414140de 5dae2223 b00361a3 …
    expect(principalOf('abc')).toEqual({ id: 'ba7816bf8f01cfea414140de5dae2223' })
  })
})
