import { readdirSync, readFileSync } from 'node:fs'

/** What a process has used and holds at one moment. */
export interface ProcessReading {
  /** CPU time of all its threads since it began, user and system, in ms. */
  readonly cpu: number
  /** Resident memory in bytes. */
  readonly rss: number
  readonly threads: number
  /** Open files and sockets; undefined where we may not look. */
  readonly descriptors: number | undefined
}

/** Linux counts CPU time in ticks of 10 ms for programs, whatever the kernel's own are. */
const msPerTick = 10

/**
 * Reads `/proc`, of a process of this machine.
 *
 * @returns undefined when there is no such process, or no Linux
 */
export function readProcess(pid: number): ProcessReading | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    // The second field is the name, which may hold spaces and parentheses of its own.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    // proc(5): utime is field 14, stime 15; the first of these is field 3.
    const ticks = Number(fields[14 - 3]) + Number(fields[15 - 3])
    return {
      cpu: ticks * msPerTick,
      rss: statusNumber(status, 'VmRSS') * 1024,
      threads: statusNumber(status, 'Threads'),
      descriptors: countDescriptors(pid),
    }
  } catch {
    return undefined
  }
}

function statusNumber(status: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0)
}

// Another user's files are not ours to count.
function countDescriptors(pid: number): number | undefined {
  try {
    return readdirSync(`/proc/${pid}/fd`).length
  } catch {
    return undefined
  }
}
