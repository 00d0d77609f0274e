import { Config } from './config.ts'
import { settingsTable } from './setting-text.ts'

const introduction = `# Settings

Environment variables, or lines of the same names in \`tailrace.yml\` in the working folder; the
environment wins. An empty variable counts as not set. A list is comma-separated, or a list in YAML.
Everything that is wrong is named at once, at the start.

\`\`\`yaml
TAILRACE_HTTP_PORT: 8443
TAILRACE_PUBLIC_ADDRESS: 203.0.113.7
TAILRACE_TLS_CERT: /etc/tailrace/fullchain.pem
TAILRACE_TLS_KEY: /etc/tailrace/privkey.pem
\`\`\`

Flags of \`npm start -- …\`: \`--demo\` publishes the bundled clip to the stream \`demo\`; \`--open\`
lets anyone publish, without a key; \`--help\` lists them.

<!-- Written by \`npm run settings\` from server/config.ts. -->
`

/** docs/settings.md. */
export function settingsPage(): string {
  return `${introduction}\n${settingsTable(Config.properties)}\n`
}
