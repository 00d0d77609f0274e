/** A child asks for a stream. */
export interface Subscribe {
  readonly child: string
  readonly stream: string
  readonly lost: string | undefined
}

/** Nodes that count in a search. */
export interface Known {
  readonly lost?: string | undefined
  readonly refused?: string | undefined
  readonly standby?: string | undefined
  readonly isOptional?: boolean
  readonly atOnce?: boolean
}

/** What a parent tells of its own way to the origin, itself first. */
export interface Told {
  readonly path: readonly string[]
  readonly epoch: number
}
