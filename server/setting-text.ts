import type { TSchema } from 'typebox'
import { Value } from 'typebox/value'

/** Begins the name of every setting, in the environment and in tailrace.yml. */
export const settingPrefix = 'TAILRACE_'

/** What the schemas of settings carry, beside JSON Schema's own words. */
export interface SettingSchema {
  readonly type?: string
  readonly enum?: readonly string[]
  readonly items?: SettingSchema
  readonly minimum?: number
  readonly maximum?: number
  readonly default?: unknown
  readonly description?: string
  /** What it takes, in words that follow "it takes". */
  readonly takes?: string
  readonly shownDefault?: string
  /** Its value is never printed. */
  readonly secret?: boolean
}

interface Reading {
  /** Absent where nothing, or nothing usable, was given. */
  readonly value?: unknown
  readonly fault?: string
}

/** A setting from its text, or from YAML's lists and maps of texts. */
export function readSetting(key: string, schema: TSchema & SettingSchema, given: unknown): Reading {
  if (given === undefined || given === '') return {}
  const value = schema.type === 'array' ? list(given, schema.items) : scalar(given, schema)
  if (Value.Check(schema, value)) return { value }
  const shown = schema.secret || schema.items?.secret ? 'is not usable' : `is ${shownAs(given)}`
  return { fault: `${settingPrefix}${key} ${shown}: it takes ${whatItTakes(schema)}` }
}

/** The table of settings in docs/settings.md. */
export function settingsTable(properties: Readonly<Record<string, SettingSchema>>): string {
  const rows = Object.entries(properties).map(([key, schema]) =>
    [`\`${settingPrefix}${key}\``, whatItTakes(schema), defaultOf(schema), schema.description ?? '']
      .map((cell) => cell.replaceAll('|', '\\|'))
      .join(' | '),
  )
  const lines = ['setting | takes | default | meaning', '--- | --- | --- | ---', ...rows]
  return lines.map((line) => `| ${line} |`).join('\n')
}

function scalar(given: unknown, schema: SettingSchema | undefined): unknown {
  if (typeof given !== 'string' || schema?.type !== 'integer') return given
  return /^-?\d+$/.test(given.trim()) ? Number(given) : given
}

function list(given: unknown, items: SettingSchema | undefined): unknown {
  const parts = typeof given === 'string' ? split(given) : given
  if (!Array.isArray(parts) || items?.type !== 'object') return parts
  return parts.map((part) => (typeof part === 'string' ? iceServer(part) : part))
}

function split(text: string): unknown {
  if (!text.trimStart().startsWith('[')) {
    return text.split(',').flatMap((part) => (part.trim() === '' ? [] : [part.trim()]))
  }
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** `url|username|credential`, the last two together or not at all. */
function iceServer(text: string): unknown {
  const [urls, username, credential, ...rest] = text.split('|')
  if (rest.length > 0 || (username === undefined) !== (credential === undefined)) return text
  return username === undefined ? { urls } : { urls, username, credential }
}

function whatItTakes(schema: SettingSchema): string {
  if (schema.takes !== undefined) return schema.takes
  if (schema.enum) return schema.enum.join(', ')
  if (schema.type === 'integer') return `a whole number, ${schema.minimum} to ${schema.maximum}`
  if (schema.items?.enum) return `a list of ${schema.items.enum.join(', ')}`
  if (schema.items) return `a list, each ${whatItTakes(schema.items)}`
  return '1 to 64 characters of a-z, 0-9, _ and -'
}

function defaultOf(schema: SettingSchema): string {
  if (schema.shownDefault !== undefined) return schema.shownDefault
  return schema.default === undefined ? 'none' : `\`${String(schema.default)}\``
}

function shownAs(given: unknown): string {
  return typeof given === 'string' ? `"${given}"` : JSON.stringify(given)
}
