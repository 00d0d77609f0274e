import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { UsageError } from '#load/arguments.ts'
import { HttpClient, type HttpClientOptions } from '#load/http-client.ts'
import { TestCertificate } from '#test/support/test-certificate.ts'

describe('HTTPS with a certificate that nobody has signed', () => {
  // Made out for "peer".
  const certificate = new TestCertificate('P-256')
  let server: Server
  let url: string
  beforeAll(async () => {
    const cert = readFileSync(certificate.certificateFile)
    server = createServer({ cert, key: readFileSync(certificate.keyFile) }, (_, response) =>
      response.writeHead(201, 'Made').end('v=0'),
    )
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/whep/a`
  })
  afterAll(() => {
    server.closeAllConnections()
    server.close()
    certificate[Symbol.dispose]()
  })

  async function post(options: HttpClientOptions) {
    const http = new HttpClient(options)
    const signal = AbortSignal.timeout(5000)
    try {
      return await http.request({ method: 'POST', url, headers: {}, body: 'v=0', signal })
    } finally {
      http.close()
    }
  }

  it('is refused', async () => {
    await expect(post({})).rejects.toThrow(/self-signed certificate/)
  })

  it('is taken with --insecure', async () => {
    expect(await post({ insecure: true })).toMatchObject({
      status: 201,
      reason: 'Made',
      body: 'v=0',
    })
  })

  it('is known with --ca, and then its name is looked at', async () => {
    await expect(post({ ca: certificate.certificateFile })).rejects.toThrow(
      /does not match certificate's altnames/,
    )
  })

  it('cannot be known by a file that is not there', () => {
    expect(() => new HttpClient({ ca: '/nowhere.pem' })).toThrow(UsageError)
    expect(() => new HttpClient({ ca: '/nowhere.pem' })).toThrow('--ca /nowhere.pem cannot be read')
  })
})
