import type { MessageOf } from '#control/messages.ts'
import { maxDepth } from '#control/topology/limits.ts'
import type { Refusal } from './feed-link.ts'

/**
 * Why a child may not stand below this node: it would wait for itself, or be too far from the origin.
 *
 * @param path from the origin down to this node, or what is known of it for certain
 */
export function pathRefusal(
  path: readonly string[],
  { below }: Pick<MessageOf<'subscribe'>, 'below'>,
): Refusal | undefined {
  const above = path.find((node) => below.includes(node))
  if (above !== undefined) return { reason: 'loop', text: `${above} is above this node` }
  if (path.length + below.length <= maxDepth + 1) return undefined
  return { reason: 'too-deep', text: `${path.length - 1} links to the origin` }
}
