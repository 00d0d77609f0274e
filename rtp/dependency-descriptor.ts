/**
 * Dependency descriptor (AV1 RTP specification, appendix A): which frames a frame is needed for,
 * told in a header extension, whatever the codec.
 */

import { BitReader } from './codecs/bit-reader.ts'

/** What a frame is to a decode target. */
export const indication = { absent: 0, discardable: 1, switch: 2, required: 3 } as const

/** The most templates, decode targets and chains that the fields can count. */
const mostTemplates = 64
const mostChains = 32

interface FrameTemplate {
  readonly spatialId: number
  readonly temporalId: number
  /** By decode target: an `indication`. */
  readonly targets: readonly number[]
}

/** How the frames of a stream depend on each other: told with its keyframes. */
export interface DependencyStructure {
  readonly templateIdOffset: number
  readonly decodeTargets: number
  readonly chains: number
  readonly templates: readonly FrameTemplate[]
  /** By spatial id, in pixels, where told. */
  readonly resolutions: readonly { readonly width: number; readonly height: number }[]
}

/** What one packet's descriptor tells. */
export interface FrameDependencies {
  readonly startOfFrame: boolean
  readonly endOfFrame: boolean
  /** 16 bits. */
  readonly frameNumber: number
  readonly spatialId: number
  readonly temporalId: number
  /** By decode target: an `indication`. */
  readonly targets: readonly number[]
  /** The structure that came with this very packet, if one did. */
  readonly structure?: DependencyStructure
}

/** Reads the descriptors of one stream: most refer to a structure that came before. */
export class DependencyReader {
  #structure: DependencyStructure | undefined

  /** That descriptors refer to now. */
  get structure(): DependencyStructure | undefined {
    return this.#structure
  }

  /**
   * @returns undefined for one that does not parse, or refers to a structure that was never seen
   */
  read(bytes: Buffer, start: number, end: number): FrameDependencies | undefined {
    if (end - start < 3) return undefined
    const bits = new BitReader(bytes, start, end)
    const startOfFrame = bits.flag()
    const endOfFrame = bits.flag()
    const templateId = bits.bits(6)
    const frameNumber = bits.bits(16)
    const told = end - start > 3 ? readExtended(bits, this.#structure) : {}
    const structure = told?.structure ?? this.#structure
    const place = (templateId - (structure?.templateIdOffset ?? 0) + 64) % 64
    const template = structure?.templates[place]
    if (!told || !template) return undefined
    if (told.structure) this.#structure = told.structure
    const { spatialId, temporalId, targets } = template
    const frame = { startOfFrame, endOfFrame, frameNumber, spatialId, temporalId }
    return { ...frame, targets, ...told }
  }
}

/**
 * What follows the three mandatory bytes (§A.8.3). Differences and chains of the frame's own come
 * after what is read here, and are of no use to a relay.
 *
 * @param known the structure that came before
 */
function readExtended(
  bits: BitReader,
  known: DependencyStructure | undefined,
): Partial<Pick<FrameDependencies, 'targets' | 'structure'>> | undefined {
  const hasStructure = bits.flag()
  const hasActiveTargets = bits.flag()
  const hasTargets = bits.flag()
  bits.skip(2)
  const structure = hasStructure ? readStructure(bits) : undefined
  const { decodeTargets } = structure ?? known ?? { decodeTargets: 0 }
  if (hasActiveTargets) bits.skip(decodeTargets)
  const targets = hasTargets && Array.from({ length: decodeTargets }, () => bits.bits(2))
  if (bits.overrun || (hasStructure && !structure)) return undefined
  return { ...(targets && { targets }), ...(structure && { structure }) }
}

/** template_dependency_structure(), §A.8.2. */
function readStructure(bits: BitReader): DependencyStructure | undefined {
  const templateIdOffset = bits.bits(6)
  const decodeTargets = bits.bits(5) + 1
  const layers = readLayers(bits)
  if (!layers) return undefined
  const targets = layers.map(() => Array.from({ length: decodeTargets }, () => bits.bits(2)))
  for (const _ of layers) while (!bits.overrun && bits.flag()) bits.skip(4)
  const chains = nonSymmetric(bits, decodeTargets + 1)
  if (chains > mostChains) return undefined
  if (chains > 0) {
    for (let i = 0; i < decodeTargets; i++) nonSymmetric(bits, chains)
    bits.skip(4 * layers.length * chains)
  }
  const spatialLayers = Math.max(...layers.map(({ spatialId }) => spatialId)) + 1
  const resolutions = bits.flag()
    ? Array.from({ length: spatialLayers }, () => ({
        width: bits.bits(16) + 1,
        height: bits.bits(16) + 1,
      }))
    : []
  if (bits.overrun) return undefined
  const templates = layers.map((layer, i) => ({ ...layer, targets: targets[i]! }))
  return { templateIdOffset, decodeTargets, chains, templates, resolutions }
}

/** template_layers(), §A.8.2: each template is of the layer before it, or of the next one. */
function readLayers(bits: BitReader): { spatialId: number; temporalId: number }[] | undefined {
  const layers = []
  let [spatialId, temporalId] = [0, 0]
  for (let next = 0; next !== 3; next = bits.bits(2)) {
    if (next === 1) temporalId++
    if (next === 2) [spatialId, temporalId] = [spatialId + 1, 0]
    if (layers.length === mostTemplates || spatialId > 3 || temporalId > 7) return undefined
    layers.push({ spatialId, temporalId })
    if (bits.overrun) return undefined
  }
  return layers
}

/** ns(n) (AV1 §4.10.7): one of n values in as few bits as they need. */
function nonSymmetric(bits: BitReader, values: number): number {
  const width = 32 - Math.clz32(values)
  const short = 2 ** width - values
  const value = bits.bits(width - 1)
  return value < short ? value : value * 2 + bits.bit() - short
}
