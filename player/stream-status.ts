/*
 * The JSON of `/api/v1/streams/…`, as far as these pages show it. It is told in full by
 * relay/stream-status.ts; the player imports nothing of the server and reads only this.
 */

export interface StreamStatus {
  readonly name: { readonly tenant: string; readonly stream: string }
  readonly state: 'live' | 'inactive'
  /** ISO 8601. */
  readonly since: string
  readonly viewers: number
  readonly publisher?: {
    readonly client: string
    readonly connectedMs: number
    readonly bitrate: number
    readonly lossFraction: number
    readonly nacks: number
    readonly jitterMs: number
  }
  readonly video?: {
    readonly codec: string
    readonly profileLevelId?: string
    readonly width?: number
    readonly height?: number
    readonly bitrate: number
    readonly framesPerSecond?: number
    readonly gopMs?: number
    readonly gopPackets: number
    readonly reordered: boolean
    readonly answersKeyframeRequests: string
    readonly replay: string
  }
  readonly audio?: { readonly codec: string; readonly channels: number; readonly bitrate: number }
  readonly joins: {
    readonly count: number
    readonly phases: Readonly<Record<string, { readonly p50: number; readonly p95: number }>>
  }
  readonly warnings: readonly { readonly code: string; readonly text: string }[]
}

/** "stream", with the tenant before it where that is not the one nobody needs to name. */
export function streamPath({ tenant, stream }: StreamStatus['name']): string {
  return tenant === 'default' ? stream : `${tenant}/${stream}`
}
