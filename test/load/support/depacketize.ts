import { H264RtpPayload } from 'werift'
import { splitAnnexB } from '#load/annex-b.ts'

/** What another implementation makes of H264 payloads: the NAL units. */
export function depacketizeH264(payloads: readonly Buffer[]): Buffer[] {
  const stream: Buffer[] = []
  let fragment: Buffer | undefined
  for (const payload of payloads) {
    const read = H264RtpPayload.deSerialize(payload, fragment)
    fragment = read.fragment
    if (read.payload) stream.push(read.payload)
  }
  return splitAnnexB(Buffer.concat(stream))
}
