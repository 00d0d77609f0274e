import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import { messageOf } from '#core/errors.ts'
import { ConfigError } from './config.ts'

/** PEM texts, as Node's HTTPS server takes them. */
export interface TlsFiles {
  readonly cert: string
  readonly key: string
}

/**
 * The certificate and key of the settings; undefined where none are set.
 *
 * @throws ConfigError that names the setting at fault: unreadable, not PEM, no pair, or out of date
 * @param wall ms since the Unix epoch
 */
export function loadTls(
  config: { readonly TLS_CERT?: string; readonly TLS_KEY?: string },
  wall: number,
): TlsFiles | undefined {
  const { TLS_CERT: certFile, TLS_KEY: keyFile } = config
  if (certFile === undefined || keyFile === undefined) return undefined
  const cert = read('TAILRACE_TLS_CERT', certFile)
  const key = read('TAILRACE_TLS_KEY', keyFile)
  const { validTo } = attempt(`TAILRACE_TLS_CERT: ${certFile} is no certificate in PEM`, () => {
    return new X509Certificate(cert)
  })
  if (Date.parse(validTo) < wall) {
    throw new ConfigError([`TAILRACE_TLS_CERT: ${certFile} ran out on ${validTo}: renew it`])
  }
  attempt(
    `TAILRACE_TLS_KEY: ${keyFile} is not the private key, in PEM, of the certificate ${certFile}`,
    () => createSecureContext({ cert, key }),
  )
  return { cert, key }
}

function read(setting: string, file: string): string {
  return attempt(`${setting}: ${file} cannot be read`, () => readFileSync(file, 'utf8'))
}

function attempt<T>(fault: string, action: () => T): T {
  try {
    return action()
  } catch (cause) {
    throw new ConfigError([`${fault} (${messageOf(cause)})`], {
      cause,
    })
  }
}
