import { parse } from 'yaml'
import { nearest } from './nearest.ts'
import { settingPrefix } from './setting-text.ts'

interface Sources {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly yaml: string
  /** Names of all settings, without the prefix. */
  readonly known: readonly string[]
}

interface Given {
  /** Settings as written, by name without the prefix: text, or YAML's lists and maps of texts. */
  readonly given: Record<string, unknown>
  readonly faults: string[]
}

/** What somebody set, in the environment or else in tailrace.yml, and the names that are none. */
export function givenSettings({ env, yaml, known }: Sources): Given {
  const faults: string[] = []
  const given: Record<string, unknown> = {}
  const names = known.map((key) => `${settingPrefix}${key}`)
  for (const [name, value] of [...fromYaml(yaml, faults), ...fromEnvironment(env)]) {
    if (names.includes(name)) given[name.slice(settingPrefix.length)] = value
    else faults.push(`${name} is no setting: did you mean ${settingPrefix}${likely(name, known)}?`)
  }
  return { given, faults }
}

function likely(name: string, known: readonly string[]): string {
  return nearest(name.toUpperCase().replace(settingPrefix, ''), known)
}

function fromEnvironment(env: Sources['env']): [string, unknown][] {
  // An empty variable counts as not given: that is how compose files and CI systems unset one.
  return Object.entries(env).filter(([name, value]) => name.startsWith(settingPrefix) && value)
}

function fromYaml(text: string, faults: string[]): [string, unknown][] {
  try {
    // Failsafe: every scalar stays the text it is, so a key of digits keeps its zeros.
    const content: unknown = parse(text, { schema: 'failsafe' }) ?? {}
    if (content && typeof content === 'object' && !Array.isArray(content)) {
      return Object.entries(content)
    }
    faults.push('tailrace.yml is no list of settings: write one "NAME: value" per line')
  } catch (error) {
    faults.push(`tailrace.yml cannot be read: ${String(error).split('\n')[0]}`)
  }
  return []
}
