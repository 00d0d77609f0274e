import { createHash, createHmac, randomBytes } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect } from 'node:net'
import type { IceServer } from '#control/http/ice-servers.ts'
import { within } from './child.ts'

const magicCookie = 0x2112a442
const method = { allocate: 0x003, createPermission: 0x008 }
const attribute = {
  username: 0x0006,
  messageIntegrity: 0x0008,
  errorCode: 0x0009,
  xorPeerAddress: 0x0012,
  realm: 0x0014,
  nonce: 0x0015,
  requestedTransport: 0x0019,
}

/** Sends a request and gives the response. */
interface Line {
  ask(request: Buffer): Promise<Buffer>
  close(): void
}

type Attributes = readonly (readonly [type: number, value: Buffer])[]

export interface TurnAnswers {
  /** Of the Allocate without credentials: 401 (RFC 8656 §9.2). */
  readonly first: number
  /** Of the Allocate with them: 0 for success, else the error code (RFC 8656 §7). */
  readonly allocate: number
  /** Of the CreatePermission for the peer, where there was an allocation. */
  readonly permission?: number
}

/**
 * Asks a TURN server for an allocation and for the permission to reach a peer through it.
 *
 * @param server its URL as a client is told it: `turn:<IPv4>:<port>?transport=udp|tcp`
 * @param peer IPv4
 */
export async function allocate(server: IceServer, peer: string): Promise<TurnAnswers> {
  const [, address, port, transport] = /^turn:([\d.]+):(\d+)\?transport=(\w+)$/.exec(server.url)!
  const open = transport === 'tcp' ? overTcp : overUdp
  const line = await open(address!, Number(port))
  try {
    // 17 is UDP, as which it is relayed (RFC 8656 §18.7).
    const wanted = [[attribute.requestedTransport, Buffer.from([17, 0, 0, 0])]] as const
    const challenge = read(await line.ask(write(method.allocate, wanted)))
    const realm = challenge.attributes.get(attribute.realm)!
    const nonce = challenge.attributes.get(attribute.nonce)!
    const proof = { ...credentialsOf(server), realm, nonce }
    const allocation = read(await line.ask(write(method.allocate, wanted, proof)))
    const answers = { first: challenge.error, allocate: allocation.error }
    if (allocation.error !== 0) return answers
    const wish = [[attribute.xorPeerAddress, xorAddress(peer)]] as const
    const permission = read(await line.ask(write(method.createPermission, wish, proof)))
    return { ...answers, permission: permission.error }
  } finally {
    line.close()
  }
}

interface Proof {
  readonly username: string
  readonly password: string
  readonly realm: Buffer
  readonly nonce: Buffer
}

function credentialsOf({ username = '', credential = '' }: IceServer) {
  return { username, password: credential }
}

async function overUdp(address: string, port: number): Promise<Line> {
  const socket = createSocket('udp4')
  socket.connect(port, address)
  await once(socket, 'connect')
  return {
    ask: async (request) => {
      socket.send(request)
      const [response] = await within(once(socket, 'message'), 5000, () => 'a response by UDP')
      return response
    },
    close: () => socket.close(),
  }
}

async function overTcp(address: string, port: number): Promise<Line> {
  const socket = connect(port, address)
  await once(socket, 'connect')
  return {
    ask: async (request) => {
      socket.write(request)
      // A response to one request is one segment here: it is short, and nothing else comes.
      const [response] = await within(once(socket, 'data'), 5000, () => 'a response by TCP')
      return response
    },
    close: () => socket.destroy(),
  }
}

function write(kind: number, attributes: Attributes, proof?: Proof): Buffer {
  const head = Buffer.alloc(20)
  head.writeUInt16BE(kind, 0)
  head.writeUInt32BE(magicCookie, 4)
  randomBytes(12).copy(head, 8)
  const proven: Attributes = proof
    ? [
        [attribute.username, Buffer.from(proof.username)],
        [attribute.realm, proof.realm],
        [attribute.nonce, proof.nonce],
      ]
    : []
  const parts = [head, ...[...attributes, ...proven].map(([type, value]) => encode(type, value))]
  const size = parts.reduce((sum, part) => sum + part.length, 0) - head.length
  head.writeUInt16BE(size + (proof ? 24 : 0), 2)
  const message = Buffer.concat(parts)
  if (!proof) return message
  const { username, realm, password } = proof
  // RFC 8489 §9.2.2: the key of a long-term credential (SEC-54).
  const key = createHash('md5').update(`${username}:${realm}:${password}`).digest()
  const integrity = createHmac('sha1', key).update(message).digest()
  return Buffer.concat([message, encode(attribute.messageIntegrity, integrity)])
}

function encode(type: number, value: Buffer): Buffer {
  const bytes = Buffer.alloc(4 + Math.ceil(value.length / 4) * 4)
  bytes.writeUInt16BE(type, 0)
  bytes.writeUInt16BE(value.length, 2)
  value.copy(bytes, 4)
  return bytes
}

function read(response: Buffer) {
  const attributes = new Map<number, Buffer>()
  for (let at = 20; at + 4 <= response.length; ) {
    const length = response.readUInt16BE(at + 2)
    attributes.set(response.readUInt16BE(at), response.subarray(at + 4, at + 4 + length))
    at += 4 + Math.ceil(length / 4) * 4
  }
  const code = attributes.get(attribute.errorCode)
  return { attributes, error: code ? code[2]! * 100 + code[3]! : 0 }
}

function xorAddress(address: string): Buffer {
  const bytes = Buffer.from([0, 1, 0, 9, ...address.split('.').map(Number)])
  bytes.writeUInt16BE(bytes.readUInt16BE(2) ^ (magicCookie >>> 16), 2)
  bytes.writeUInt32BE((bytes.readUInt32BE(4) ^ magicCookie) >>> 0, 4)
  return bytes
}
