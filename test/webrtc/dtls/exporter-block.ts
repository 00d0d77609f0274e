import type { SrtpKeys } from '#native/srtp-keys.ts'
import type { Role } from '#webrtc/dtls/key-schedule.ts'

/** The exporter's output as other programs print it, put together again (RFC 5764 §4.2). */
export function exporterBlock({ local, remote }: SrtpKeys, role: Role): Buffer {
  const [client, server] = role === 'client' ? [local, remote] : [remote, local]
  return Buffer.concat([client.key, server.key, client.salt, server.salt])
}
