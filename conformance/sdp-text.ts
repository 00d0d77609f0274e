/** An SDP or a fragment as lines, whatever may be wrong with it. */
export interface SdpText {
  readonly session: readonly string[]
  /** Each begins with its m= line. */
  readonly media: readonly (readonly string[])[]
}

export function readSdp(text: string): SdpText {
  const session: string[] = []
  const media: string[][] = []
  for (const line of text.split(/\r?\n/)) {
    if (line.startsWith('m=')) media.push([line])
    else if (line !== '') (media.at(-1) ?? session).push(line)
  }
  return { session, media }
}

export function writeSdp({ session, media }: SdpText): string {
  return `${[...session, ...media.flat()].join('\r\n')}\r\n`
}

/** Values of `a=name:value`, and '' for each bare `a=name`. */
export function values(lines: readonly string[], name: string): string[] {
  return lines.flatMap((line) => {
    if (line === `a=${name}`) return ['']
    return line.startsWith(`a=${name}:`) ? [line.slice(name.length + 3)] : []
  })
}

export function has(lines: readonly string[], name: string): boolean {
  return values(lines, name).length > 0
}

const directions = ['sendonly', 'recvonly', 'sendrecv', 'inactive'] as const
export type Direction = (typeof directions)[number]

/** Of each section that is not rejected; without a line it is `sendrecv` (RFC 8866 §6.7). */
export function directionsOf({ session, media }: SdpText): Direction[] {
  return media
    .filter((section) => portOf(section) !== 0)
    .map((section) => {
      const own = (lines: readonly string[]) => directions.find((name) => has(lines, name))
      return own(section) ?? own(session) ?? 'sendrecv'
    })
}

export function kindOf(section: readonly string[]): string {
  return /^m=(\S+)/.exec(section[0] ?? '')?.[1] ?? ''
}

export function portOf(section: readonly string[]): number {
  return Number(/^m=\S+ (\d+)/.exec(section[0] ?? '')?.[1] ?? Number.NaN)
}

/** Every value of a name, wherever it stands. */
export function everywhere(text: string, name: string): string[] {
  const { session, media } = readSdp(text)
  return [session, ...media].flatMap((lines) => values(lines, name))
}

/** Mids of the first BUNDLE group. */
export function bundleOf({ session }: SdpText): string[] {
  const group = values(session, 'group').find((value) => value.startsWith('BUNDLE'))
  return group?.split(' ').slice(1) ?? []
}
