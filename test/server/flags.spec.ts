import { describe, expect, it } from 'vitest'
import { ConfigError } from '#server/config.ts'
import { helpText, parseFlags } from '#server/flags.ts'

describe('the command line', () => {
  it('is empty by default', () => {
    expect(parseFlags([])).toEqual({ demo: false, open: false, help: false })
  })

  it('takes each flag that the help names', () => {
    const named = [...helpText.matchAll(/^ {2}(--\w+)/gm)].map(([, flag]) => flag!)
    expect(parseFlags(named)).toEqual({ demo: true, open: true, help: true })
  })

  it.each(['--dmeo', '--demo=yes', 'demo', '-x'])('refuses %s, and points to the help', (arg) => {
    expect(() => parseFlags([arg])).toThrow(ConfigError)
    expect(() => parseFlags([arg])).toThrow(/--help lists the flags/)
  })
})
