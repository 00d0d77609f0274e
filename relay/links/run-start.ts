import type { MessageOf } from '#control/messages.ts'
import type { UpLayer } from '#relay/up-layer.ts'
import { isNamed } from './link-description.ts'

/** SRTP's first number of a run lies below this (docs/tree.md, "Numbers"). */
export const numberBound = 2 ** 15

type Held = MessageOf<'subscribe'>['have']

/**
 * Where a child's run of a layer begins: behind what it has, where that is still held; a picture at
 * its newest keyframe, or further back where the child's own children need it; sound now.
 *
 * @param have what the child has, and `need` its children, of that epoch
 * @returns an ingest index; undefined where there is nothing to begin with yet
 */
export function runStart(
  layer: UpLayer,
  { epoch, have, need }: { readonly epoch: number; readonly have: Held; readonly need: Held },
): number | undefined {
  const { start, end, keyframe } = layer.log
  if (start === end) return undefined
  const of = (all: Held) => all.find((one) => one.epoch === epoch && isNamed(layer, one.layer))
  const next = (of(have)?.index ?? Number.NEGATIVE_INFINITY) + 1
  // A child may be a little ahead of its new parent, and no more than that.
  if (next >= start && next <= end + numberBound) return next
  const newest = keyframe ?? (layer.codec === 'opus' ? end : undefined)
  const needed = of(need)
  if (newest === undefined || !needed) return newest
  return Math.max(start, Math.min(newest, needed.index + 1))
}
