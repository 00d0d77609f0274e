import { randomId } from '#core/ids.ts'

/** A name for a node that was given none: of its host, and unlike that of any other. */
export function nodeName(hostname: string): string {
  const host = hostname.replaceAll(/[^A-Za-z0-9._-]/g, '-').slice(0, 40)
  return `${host}-${randomId().slice(0, 8)}`
}
