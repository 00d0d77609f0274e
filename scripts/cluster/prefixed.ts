import type { Program } from './plan.ts'
import type { Say } from './running-program.ts'

/** ANSI colours that can be read on dark and on light, one after the other. */
const colours = [36, 32, 33, 35, 34, 96, 92, 93, 95, 94]

/** Prints lines with the name of their program in front, which has a colour in a terminal. */
export function prefixed(
  print: (text: string) => void,
  programs: readonly Pick<Program, 'name'>[],
  inColour: boolean,
): Say {
  const names = programs.map(({ name }) => name)
  const width = Math.max(...names.map(({ length }) => length))
  return (name, line) => {
    const prefix = name.padEnd(width)
    const colour = colours[names.indexOf(name) % colours.length]
    print(inColour ? `\u001B[${colour}m${prefix}\u001B[0m ${line}\n` : `${prefix} ${line}\n`)
  }
}
