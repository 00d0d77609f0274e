import { HttpError } from '#control/http/http-error.ts'
import type { Clock } from '#core/clock.ts'
import { automatic, type LayerSelection } from '#relay/layer-selection.ts'
import type { Stream } from '#relay/stream.ts'
import type { Viewer } from '#relay/viewer.ts'
import type { Scheduler } from '#webrtc/peers.ts'
import { eventNames } from './event-queue.ts'
import { type LayerRequest, selectionOf } from './layer-request.ts'
import { type EventfulSession, SessionEvents } from './session-events.ts'

/** What a session may choose from. */
interface Scope {
  /** m-line of its video, from 0; undefined: it takes none. */
  readonly section: number | undefined
  /** Pixels of the largest picture that its token is good for; undefined: any. */
  readonly maxHeight: number | undefined
}

interface ExtendedSession extends EventfulSession, Scope {
  viewer: Viewer | undefined
  selection: LayerSelection
}

/**
 * What the WHEP extensions know of the sessions of viewers: their events, and which layer they
 * picked. A session is known here from its 201 to its end.
 */
export class SessionExtensions {
  readonly events: SessionEvents
  readonly #sessions = new Map<string, ExtendedSession>()

  constructor(scheduler: Scheduler, clock: Clock) {
    this.events = new SessionEvents(scheduler, clock)
  }

  get size(): number {
    return this.#sessions.size
  }

  /** @returns `Link` field values that announce the extensions (WHEP-71, 73, 98) */
  opened(id: string, stream: Stream, scope: Scope): string[] {
    const session: ExtendedSession = {
      stream,
      ...scope,
      viewer: undefined,
      selection: within(automatic, scope),
    }
    this.#sessions.set(id, session)
    this.events.open(id, session)
    return extensionLinks(id)
  }

  /** Its media can go. */
  joined(id: string, viewer: Viewer): void {
    const session = this.#sessions.get(id)
    if (!session) return
    session.viewer = viewer
    viewer.select(session.selection)
  }

  ended(id: string): void {
    this.events.close(id)
    this.#sessions.delete(id)
  }

  has(id: string): boolean {
    return this.#sessions.has(id)
  }

  /**
   * Does what a page asked for, for as long as the session lasts.
   * @throws HttpError 422 for a layer that there is not, 409 for one that is not sent now
   */
  select(id: string, request: LayerRequest, now: number): void {
    const session = this.#sessions.get(id)
    if (!session) return
    const { publication } = session.stream
    if (!publication) throw new HttpError(409, 'nobody publishes now: ask again later')
    const layers = publication.layers.viewed
    const { section } = session
    session.selection = within(selectionOf(request, { section, layers }, now), session)
    session.viewer?.select(session.selection)
  }
}

function within(selection: LayerSelection, { maxHeight }: Scope): LayerSelection {
  if (maxHeight === undefined) return selection
  return { ...selection, maxHeight: Math.min(maxHeight, selection.maxHeight ?? maxHeight) }
}

function extensionLinks(id: string): string[] {
  const urn = 'urn:ietf:params:whep:ext:core'
  return [
    `</session/${id}/sse>; rel="${urn}:server-sent-events"; events="${eventNames.join(',')}"`,
    `</session/${id}/layer>; rel="${urn}:layer"`,
  ]
}
