import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ClusterSecrets } from './plan.ts'

/**
 * What the nodes share: as the environment says, else as kept in the folder, else made now and
 * kept there.
 */
export function clusterSecrets(
  folder: string,
  env: Readonly<Record<string, string | undefined>>,
): ClusterSecrets {
  const { TAILRACE_CLUSTER_SECRET: cluster, TAILRACE_PUBLISH_KEY: publishKey } = env
  return {
    ...kept(join(folder, 'secrets.json')),
    ...(cluster && { cluster }),
    ...(publishKey && { publishKey }),
  }
}

function kept(file: string): ClusterSecrets {
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as ClusterSecrets
  const made = { cluster: random(48), publishKey: random(18), s3Key: random(30) }
  mkdirSync(join(file, '..'), { recursive: true })
  writeFileSync(file, `${JSON.stringify(made, undefined, 2)}\n`, { mode: 0o600 })
  return made
}

// In hex: one that began with a dash would be an option to the program it is handed to.
function random(bytes: number): string {
  return randomBytes(bytes).toString('hex')
}
