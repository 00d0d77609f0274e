import { type HttpSession, openSession } from './http-session.ts'

export interface PublishOptions {
  readonly token: string | undefined
  /** MIME type to prefer, such as "video/H264"; the others stay in the offer behind it. */
  readonly codec: string | undefined
  /** Of the video; not empty. */
  readonly videoEncodings: readonly RTCRtpEncodingParameters[]
}

export interface Publication extends HttpSession {
  readonly peer: RTCPeerConnection
}

/**
 * Publishes the tracks of a stream at a WHIP endpoint (RFC 9725 §4.2).
 * @throws as `openSession`
 */
export async function publish(
  endpoint: string,
  stream: MediaStream,
  { token, codec, videoEncodings }: PublishOptions,
): Promise<Publication> {
  const peer = new RTCPeerConnection({ bundlePolicy: 'max-bundle' })
  for (const track of stream.getTracks()) {
    const transceiver = peer.addTransceiver(track, {
      direction: 'sendonly',
      streams: [stream],
      sendEncodings: track.kind === 'video' ? [...videoEncodings] : [{}],
    })
    if (track.kind === 'video' && codec !== undefined) prefer(transceiver, codec)
  }
  try {
    return { peer, ...(await openSession(peer, endpoint, token)) }
  } catch (error) {
    peer.close()
    throw error
  }
}

/** Names of the video codecs this browser can send, such as "video/VP8", without repair formats. */
export function sendableCodecs(): string[] {
  const formats = RTCRtpSender.getCapabilities('video')?.codecs ?? []
  const names = new Set(formats.map(({ mimeType }) => mimeType))
  return ['video/H264', 'video/VP8', 'video/VP9', 'video/AV1', 'video/H265'].filter((name) =>
    names.has(name),
  )
}

function prefer(transceiver: RTCRtpTransceiver, codec: string): void {
  const formats = RTCRtpSender.getCapabilities('video')?.codecs ?? []
  const wanted = formats.filter(({ mimeType }) => mimeType === codec)
  const others = formats.filter(({ mimeType }) => mimeType !== codec)
  transceiver.setCodecPreferences([...wanted, ...others])
}
