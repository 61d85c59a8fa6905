/** What a phase of the bench answers. */
export interface Timed {
  /** Of each round, milliseconds that passed. */
  ms: number[]
  /** Of each round, milliseconds of CPU time, the garbage collector's threads with it. */
  cpuMs: number[]
  /** How the answer differs from the truth; empty where it does not. */
  wrong: string[]
}

/** Answers what has passed since. */
export function stopwatch(): () => { ms: number[]; cpuMs: number[] } {
  const [begin, cpu] = [performance.now(), process.cpuUsage()]
  return () => {
    const { user, system } = process.cpuUsage(cpu)
    return { ms: [performance.now() - begin], cpuMs: [(user + system) / 1000] }
  }
}

/** A difference from the truth in words; empty where there is none. */
export function different(what: string, found: number, expected: number): string[] {
  return found === expected ? [] : [`${what}: ${found}, the truth is ${expected}`]
}
