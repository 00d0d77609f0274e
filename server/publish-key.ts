import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { coversStream } from '#control/grant.ts'
import { readKey } from '#control/static-keys.ts'
import { messageOf } from '#core/errors.ts'
import { streamName } from '#core/stream-name.ts'
import { ConfigError } from './config.ts'
import { noKey } from './contradictions.ts'

/** Who may publish: whoever has one of the keys, or anyone. */
export type PublishKeys =
  | { readonly kind: 'open' }
  | { readonly kind: 'keys'; readonly keys: readonly string[] }

/**
 * What a publisher sends: the first key, or the first that is good for this stream of the default
 * tenant; `undefined` where there is none.
 */
export function keyFor(keys: PublishKeys, stream?: string): string | undefined {
  if (keys.kind === 'open') return undefined
  return keys.keys
    .map((written) => readKey(written, 'publish'))
    .find(({ grant }) => stream === undefined || coversStream(grant, streamName(undefined, stream)))
    ?.key
}

/** Where the key that we made is kept. */
export function keyFile(folder: string): string {
  return join(folder, 'publish-key')
}

/**
 * The keys of the settings; where there are none, the key kept in the data folder, made at the
 * first start and readable by its owner only.
 *
 * @throws ConfigError when the folder cannot be used, or holds a file that is no key
 */
export function publishKeys(config: {
  readonly PUBLISH_KEY: readonly string[]
  readonly DATA_DIR: string
}): PublishKeys {
  if (config.PUBLISH_KEY.includes(noKey)) return { kind: 'open' }
  if (config.PUBLISH_KEY.length > 0) return { kind: 'keys', keys: config.PUBLISH_KEY }
  return { kind: 'keys', keys: [keptKey(config.DATA_DIR)] }
}

function keptKey(folder: string): string {
  const file = keyFile(folder)
  const key = attempt(folder, () => {
    if (!existsSync(file)) create(folder, file)
    chmodSync(file, 0o600)
    return readFileSync(file, 'utf8').trim()
  })
  if (key.length >= 8) return key
  throw new ConfigError([`${file} holds no key: delete the file, and the next start makes another`])
}

// Written aside and linked into place: two nodes that start at once take the same key, whole.
function create(folder: string, file: string): void {
  const draft = `${file}.${process.pid}`
  mkdirSync(folder, { recursive: true })
  writeFileSync(draft, `${randomBytes(16).toString('hex')}\n`, { mode: 0o600 })
  try {
    linkSync(draft, file)
  } catch (error) {
    if (!existsSync(file)) throw error
  } finally {
    rmSync(draft)
  }
}

function attempt(folder: string, action: () => string): string {
  try {
    return action()
  } catch (cause) {
    throw new ConfigError(
      [
        `the publish key cannot be kept in ${folder} (${messageOf(cause)}): let this user write there, or set ` +
          'TAILRACE_DATA_DIR to another folder, or TAILRACE_PUBLISH_KEY to a key of your own',
      ],
      { cause },
    )
  }
}
