// npm run settings: writes docs/settings.md from the schema. A spec holds the two together.
import { writeFileSync } from 'node:fs'
import { settingsPage } from '#server/settings-page.ts'
import { inRoot } from './paths.js'

writeFileSync(inRoot('docs', 'settings.md'), settingsPage())
