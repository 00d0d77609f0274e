import { crc32 } from 'node:zlib'
import { addressBytes } from './ip-address.ts'
import { integrity, xorAddress } from './stun.ts'
import {
  attributeType,
  bindingType,
  familyNumber,
  fingerprintMask,
  fingerprintSize,
  headerSize,
  integritySize,
  magicCookie,
  padded,
  type StunClass,
  transactionIdOffset,
} from './stun-format.ts'

export interface BindingRequest {
  /** 12 random bytes. */
  readonly transactionId: Buffer
  /** `<ufrag of the receiver>:<ufrag of the sender>` (RFC 8445 §7.2.2). */
  readonly username: string
  /** The receiver's. */
  readonly password: string
  readonly priority: number
  readonly tieBreaker: bigint
  readonly useCandidate: boolean
  readonly nomination?: number
}

/** A connectivity check of a controlling agent (RFC 8445 §7.2.4). */
export function writeBindingRequest(request: BindingRequest): Buffer {
  const { username, priority, tieBreaker, useCandidate, nomination } = request
  const tie = Buffer.alloc(8)
  tie.writeBigUInt64BE(tieBreaker)
  return write('request', request, [
    [attributeType.username, Buffer.from(username)],
    [attributeType.priority, uint32(priority)],
    [attributeType.iceControlling, tie],
    ...(useCandidate ? [[attributeType.useCandidate, Buffer.alloc(0)] as const] : []),
    ...(nomination === undefined ? [] : [[attributeType.nomination, uint32(nomination)] as const]),
  ])
}

export interface BindingSuccess {
  readonly transactionId: Buffer
  /** Where the request came from. */
  readonly address: string
  readonly port: number
  /** Of the agent that answers. */
  readonly password: string
}

/** No USERNAME and no SOFTWARE: the answer must not be larger than the request. */
export function writeBindingSuccess(success: BindingSuccess): Buffer {
  return write('success', success, [[attributeType.xorMappedAddress, mappedAddress(success)]])
}

const reasons = {
  400: 'Bad Request',
  401: 'Unauthenticated',
  403: 'Forbidden',
  420: 'Unknown Attribute',
  487: 'Role Conflict',
} as const

export type StunErrorCode = keyof typeof reasons

export interface BindingError {
  readonly transactionId: Buffer
  readonly code: StunErrorCode
  /** Of the agent that answers. */
  readonly password: string
  /** For 420: what was not understood. */
  readonly unknown?: readonly number[]
}

export function writeBindingError(response: BindingError): Buffer {
  const { code, unknown } = response
  const error = Buffer.concat([
    Buffer.from([0, 0, Math.floor(code / 100), code % 100]),
    Buffer.from(reasons[code]),
  ])
  return write('error', response, [
    [attributeType.errorCode, error],
    ...(unknown ? [[attributeType.unknownAttributes, uint16s(unknown)] as const] : []),
  ])
}

type Attribute = readonly [type: number, value: Buffer]

function write(
  kind: StunClass,
  { transactionId, password }: { readonly transactionId: Buffer; readonly password: string },
  attributes: readonly Attribute[],
): Buffer {
  const size = attributes.reduce((sum, [, value]) => sum + 4 + padded(value.length), headerSize)
  const message = Buffer.alloc(size + 4 + integritySize + 4 + fingerprintSize)
  message.writeUInt16BE(bindingType(kind), 0)
  message.writeUInt16BE(message.length - headerSize, 2)
  message.writeUInt32BE(magicCookie, 4)
  transactionId.copy(message, transactionIdOffset, 0, 12)
  let offset = headerSize
  const append = (type: number, value: Buffer) => {
    message.writeUInt16BE(type, offset)
    message.writeUInt16BE(value.length, offset + 2)
    value.copy(message, offset + 4)
    offset += 4 + padded(value.length)
  }
  for (const [type, value] of attributes) append(type, value)
  append(attributeType.messageIntegrity, integrity(message, offset, password))
  const fingerprint = (crc32(message.subarray(0, offset)) ^ fingerprintMask) >>> 0
  append(attributeType.fingerprint, uint32(fingerprint))
  return message
}

function mappedAddress({ address, port, transactionId }: BindingSuccess): Buffer {
  const bytes = addressBytes(address)
  if (!bytes) throw new TypeError(`"${address}" is no IP address`)
  const header = Buffer.alloc(headerSize)
  header.writeUInt32BE(magicCookie, 4)
  transactionId.copy(header, transactionIdOffset, 0, 12)
  const value = Buffer.alloc(4)
  value[1] = familyNumber[bytes.length === 4 ? 4 : 6]
  value.writeUInt16BE(port ^ (magicCookie >>> 16), 2)
  return Buffer.concat([value, xorAddress(bytes, header)])
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

function uint16s(values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(2 * values.length)
  for (const [i, value] of values.entries()) bytes.writeUInt16BE(value, 2 * i)
  return bytes
}
