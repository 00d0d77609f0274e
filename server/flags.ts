import { parseArgs } from 'node:util'
import { messageOf } from '#core/errors.ts'
import { ConfigError } from './config.ts'

/** What the command line says. */
export interface Flags {
  /** Publish the bundled clip to the stream `demo`. */
  readonly demo: boolean
  /** Anyone may publish, on every address. */
  readonly open: boolean
  readonly help: boolean
}

export const helpText = `Tailrace: low-latency broadcast. WHIP in, instant WHEP out.

  npm start -- [flags]

  --demo   publish a test clip to the stream "demo", to have something to watch
  --open   let anyone publish, without a key
  --help   show this

Settings are environment variables or lines of ./tailrace.yml: see docs/settings.md.
`

/** @throws ConfigError for what is no flag */
export function parseFlags(args: readonly string[]): Flags {
  const options = {
    demo: { type: 'boolean', default: false },
    open: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  } as const
  try {
    return { ...parseArgs({ args: [...args], options, strict: true }).values }
  } catch (error) {
    throw new ConfigError([
      `${messageOf(error).split('.')[0]}: npm start -- --help lists the flags`,
    ])
  }
}
