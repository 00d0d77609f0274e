import { ServiceError } from './errors.ts'

/** A stream's full name. Every map, path, subject and label is keyed by both parts. */
export interface StreamName {
  readonly tenant: string
  readonly stream: string
}

/** Of tenants and of streams, as schemas take it. */
export const namePattern = '^[a-z0-9_-]{1,64}$'
const nameForm = new RegExp(namePattern)

/** Tenant of the streams whose URL names none. */
export const defaultTenant = 'default'

/** @throws ServiceError `bad-stream-name` that says which part is wrong and what is allowed */
export function streamName(tenant: string | undefined, stream: string): StreamName {
  const name = { tenant: tenant ?? defaultTenant, stream }
  for (const part of ['tenant', 'stream'] as const) {
    if (!nameForm.test(name[part])) {
      throw new ServiceError(
        'bad-stream-name',
        `the ${part} name may have 1 to 64 characters of a-z, 0-9, "_" and "-"`,
      )
    }
  }
  return name
}

/** One string per stream, for map keys. */
export function streamKey({ tenant, stream }: StreamName): string {
  return `${tenant}/${stream}`
}

/** @throws ServiceError `bad-stream-name` for what `streamKey` never gives */
export function parseStreamKey(key: string): StreamName {
  const at = key.indexOf('/')
  return streamName(key.slice(0, Math.max(at, 0)), key.slice(at + 1))
}
