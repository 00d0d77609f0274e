import fc from 'fast-check'
import { type JWTPayload, SignJWT } from 'jose'
import { describe, expect, it } from 'vitest'
import { NodeTokens } from '#control/node-token.ts'

const secret = 'the first secret of this cluster, 1'
const other = 'the second secret of this cluster, 2'
const now = 1_800_000_000
const origin = 'http://10.0.0.2:8080'
const invalid = expect.objectContaining({
  code: 'token-invalid',
  message: 'the node token does not count',
})

function nodeTokens({ node = 'edge-1', names = ['edge-1'], secrets = [secret], at = now } = {}) {
  return new NodeTokens({ node, names, secrets, clock: { now: () => 0, wall: () => at * 1000 } })
}

const parent = (options: { at?: number; secrets?: string[] } = {}) =>
  nodeTokens({ node: 'relay-1', names: ['relay-1', origin], ...options })

const good = { sub: 'edge-1', aud: 'relay-1', iat: now, exp: now + 60, jti: 'one' }

function signed(
  claims: JWTPayload,
  { alg = 'HS256', typ = 'tailrace-node+jwt', key = secret } = {},
): Promise<string> {
  return new SignJWT(claims).setProtectedHeader({ alg, typ }).sign(Buffer.from(key))
}

/** What stands in the log when this is refused. */
async function reasonOf(refused: Promise<unknown>): Promise<string> {
  const error = await refused.then(
    () => undefined,
    (error: unknown) => error,
  )
  expect(error).toEqual(invalid)
  return ((error as Error).cause as Error).message
}

const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

describe('a node token', () => {
  it.each(['relay-1', origin])('proves its maker to the node it names, as %s', async (audience) => {
    const { token, id } = await nodeTokens().mint(audience)
    expect(await parent().verify(token)).toEqual({ node: 'edge-1', tokenId: id })
  })

  it('counts once', async () => {
    const verifier = parent()
    const { token } = await nodeTokens().mint('relay-1')
    await verifier.verify(token)
    expect(await reasonOf(verifier.verify(token))).toBe('it was used before')
    const again = await nodeTokens().mint('relay-1')
    await verifier.verify(again.token)
  })

  it.each([-30, 0, 89])('counts with clocks that differ, %i s after it was made', async (after) => {
    const { token } = await nodeTokens().mint('relay-1')
    await parent({ at: now + after }).verify(token)
  })

  it.each([
    [-31, 'future'],
    [91, 'exp'],
  ])('does not count %i s after it was made', async (after, reason) => {
    const { token } = await nodeTokens().mint('relay-1')
    expect(await reasonOf(parent({ at: now + after }).verify(token))).toContain(reason)
  })

  it.each`
    claims                           | reason
    ${{ aud: 'relay-2' }}            | ${'"aud"'}
    ${{ aud: undefined }}            | ${'"aud"'}
    ${{ aud: ['relay-1', 'other'] }} | ${'form'}
    ${{ exp: undefined }}            | ${'"exp"'}
    ${{ exp: now + 3600 }}           | ${'more than 60 s'}
    ${{ exp: now - 31, iat: now }}   | ${'"exp"'}
    ${{ iat: undefined }}            | ${'"iat"'}
    ${{ jti: undefined }}            | ${'"jti"'}
    ${{ jti: '' }}                   | ${'form'}
    ${{ jti: 'x'.repeat(65) }}       | ${'form'}
    ${{ sub: undefined }}            | ${'"sub"'}
    ${{ sub: 'edge 1' }}             | ${'form'}
    ${{ sub: 'relay-1' }}            | ${'itself'}
    ${{ answers: 'something' }}      | ${'answers'}
  `('is refused with $claims, and the log says why', async ({ claims, reason }) => {
    const token = await signed({ ...good, ...claims })
    expect(await reasonOf(parent().verify(token))).toContain(reason)
  })

  it.each`
    header                      | why
    ${{ typ: 'JWT' }}           | ${'a client token, by its type'}
    ${{ typ: 'at+jwt' }}        | ${'an access token, by its type'}
    ${{ alg: 'HS512' }}         | ${'another algorithm'}
    ${{ key: other }}           | ${'another secret'}
    ${{ key: secret.slice(1) }} | ${'a secret that is nearly ours'}
  `('is refused as $why', async ({ header }) => {
    await reasonOf(parent().verify(await signed(good, header)))
  })

  it('is refused without a signature, or with one that was made for other claims', async () => {
    const [head, body, signature] = (await signed(good)).split('.') as [string, string, string]
    const none = encoded({ alg: 'none', typ: 'tailrace-node+jwt' })
    const forged = encoded({ ...good, sub: 'edge-2' })
    for (const token of [
      `${none}.${body}.`,
      `${none}.${body}.${signature}`,
      `${head}.${forged}.${signature}`,
      `${head}.${body}.`,
      `${head}.${body}`,
    ]) {
      await reasonOf(parent().verify(token))
    }
  })

  it('is refused whatever it is, and nothing else is thrown', async () => {
    const verifier = parent()
    const text = fc.oneof(fc.string(), fc.array(fc.base64String(), { maxLength: 5 }))
    const anything = fc.asyncProperty(text, async (parts) => {
      const token = typeof parts === 'string' ? parts : parts.join('.')
      await expect(verifier.verify(token)).rejects.toThrow(invalid)
    })
    await fc.assert(anything, { numRuns: 200 })
  })
})

describe('an answer', () => {
  it('names the token that it answers', async () => {
    const [child, above] = [nodeTokens(), parent()]
    const asked = await child.mint('relay-1')
    const { node, tokenId } = await above.verify(asked.token)
    const answer = await above.mint(node, tokenId)
    expect(await child.verify(answer.token, asked.id)).toEqual({
      node: 'relay-1',
      tokenId: answer.id,
    })
  })

  it('is refused for another token, and where none is named', async () => {
    const child = nodeTokens()
    const { token } = await parent().mint('edge-1', 'another')
    expect(await reasonOf(child.verify(token, 'mine'))).toContain('answers')
    const plain = await parent().mint('edge-1')
    expect(await reasonOf(child.verify(plain.token, 'mine'))).toContain('answers')
  })
})

describe('the cluster secret', () => {
  it('is changed without a moment in which nodes refuse each other', async () => {
    const steps = [[secret], [secret, other], [other, secret], [other]]
    for (let step = 1; step < steps.length; step++) {
      // Nodes are restarted one by one: neighbours are one step apart.
      for (const [from, to] of [
        [step - 1, step],
        [step, step - 1],
      ] as const) {
        const { token } = await nodeTokens({ secrets: steps[from]! }).mint('relay-1')
        await parent({ secrets: steps[to]! }).verify(token)
      }
    }
  })

  it.each([
    [[], 'one secret'],
    [[secret, other, `${other}3`], 'one secret'],
    [['31 bytes are fewer than it takes'.slice(0, 31)], '32 bytes'],
    [[secret, 'short'], '32 bytes'],
  ])('is refused as %j', (secrets, text) => {
    expect(() => nodeTokens({ secrets })).toThrow(text)
  })

  it('is measured in bytes', () => {
    expect(() => nodeTokens({ secrets: ['ä'.repeat(16)] })).not.toThrow()
  })
})
