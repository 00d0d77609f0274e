import { messageOf } from '#core/errors.ts'

/**
 * What to tell the person who started us when a port or address cannot be had.
 *
 * @param where the settings that decide it and their values
 */
export function explainListenError(
  error: unknown,
  where: {
    readonly port: number
    readonly portSetting: string
    readonly host?: string
    readonly hostSetting?: string
  },
): string {
  const { port, portSetting, host = 'every address', hostSetting = 'the address' } = where
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  switch (code) {
    case 'EADDRINUSE':
      return `port ${port} is taken: set ${portSetting} to another, or stop what uses it`
    case 'EACCES':
      return `port ${port} is not for this user: set ${portSetting} to one above 1023`
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAFNOSUPPORT':
      return `${host} is no address of this machine: change ${hostSetting}`
    default:
      return `cannot listen on ${host}, port ${port}: ${messageOf(error)}`
  }
}
