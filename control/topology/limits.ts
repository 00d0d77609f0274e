/** Links between a stream's origin and the farthest node that carries it, at most. */
export const maxDepth = 4

/**
 * Nodes that get one stream from one other, at most: as many subtrees are orphans when it is lost.
 * Two levels of 64 reach 4096 nodes. Only the origin may exceed it, when nobody else is left.
 */
export const fanOut = 64

/**
 * Of these, so many are kept for relays. A region that grows past its first relay then branches
 * below that one, and fetches the stream from far away once.
 */
export const fanOutKeptForRelays = 8

/** A node below this load takes a viewer rather than one above, which keeps room for a crowd. */
export const comfortableLoad = 0.75

/** From here on a node is full, whatever its counts say: threads already wait for a core. */
export const fullyBusy = 0.9

/** Nodes of the same quarter of load are alike, so that a stale view sends no crowd to one. */
export const loadSteps = 4
