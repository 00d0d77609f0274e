import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { clusterPorts, portNumbers } from './ports.ts'

const firstBase = 8100
const lastBase = 9900
const step = 100

/**
 * The first base of 8100, 8200 … from which all ports of the cluster are free here.
 *
 * @throws Error in words for the user, for want of ports, or where the address is not ours
 */
export async function freeBase(address: string): Promise<number> {
  for (let base = firstBase; base <= lastBase; base += step) {
    if ((await takenFrom(base, address)).length === 0) return base
  }
  throw new Error(
    `no room for the ports of a cluster from ${firstBase} to ${lastBase + step}; ` +
      '--base-port takes another first one',
  )
}

/**
 * Ports of a cluster with this base that somebody else has.
 *
 * @throws Error in words for the user, where the address is not ours
 */
export async function takenFrom(base: number, address: string): Promise<number[]> {
  const ports = portNumbers(clusterPorts(base))
  const free = await Promise.all(ports.map((port) => isFree(port, address)))
  return ports.filter((_, index) => !free[index])
}

// For both transports: media takes both, and the others lose nothing by it.
async function isFree(port: number, host: string): Promise<boolean> {
  const server = createServer()
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4')
  try {
    server.listen(port, host)
    await once(server, 'listening')
    socket.bind(port, host)
    await once(socket, 'listening')
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EADDRNOTAVAIL') {
      throw new Error(`this machine has no address ${host}: --address takes one of its own`)
    }
    return false
  } finally {
    server.close()
    socket.close()
  }
}
