import { nodeChain } from '#control/audit/audit-log.ts'
import type { Json } from '#control/audit/canonical-json.ts'
import type { AuditEvent } from '#control/audit/record.ts'
import { Config } from './config.ts'
import type { SettingSchema } from './setting-text.ts'

/** The start of a node, with its settings; of secrets only whether they are set (SEC-73). */
export function startRecord(config: Config): AuditEvent {
  const schemas: Record<string, SettingSchema> = Config.properties
  const settings = Object.entries(config).map(([name, value]): [string, Json] => {
    const schema = schemas[name]
    const secret = schema?.secret ?? schema?.items?.secret ?? schema?.items?.type === 'object'
    return [name, secret ? 'not shown' : (value as Json)]
  })
  return { ...nodeEvent('node.start'), detail: { settings: Object.fromEntries(settings) } }
}

export function stopRecord(): AuditEvent {
  return nodeEvent('node.stop')
}

function nodeEvent(event: string): AuditEvent {
  return { tenant: nodeChain, actor: 'node', event, target: nodeChain }
}
