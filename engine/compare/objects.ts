import type { CompareObjects } from '../api'
import { formatCount } from '../format'
import { PAIRS } from './identity'
import type { BoCourse, Run } from './run'

const EXAMPLES = 5

type What = CompareObjects['what']

interface Aspect {
  what: What
  /** What holds of a BO in a VM, as text that is compared; empty: not seen. */
  of: (course: BoCourse) => string
  sentence: (bos: string, a: string, b: string) => string
}

const ASPECTS: readonly Aspect[] = [
  {
    what: 'references',
    of: ({ references }) => (references === null ? '' : plural(references, 'reference')),
    sentence: (bos, a, b) => `${bos} with ${b} instead of ${parseInt(a)} as the vm_bo is made`
  },
  {
    what: 'teardown',
    of: ({ teardown }) => teardown,
    sentence: (bos, a, b) => `mappings of ${bos} torn down by ${b} instead of ${a}`
  },
  {
    what: 'mappings',
    of: ({ mappings }) => plural(mappings, 'mapping'),
    sentence: (bos, a, b) => `${bos} with ${b} in the course of time instead of ${parseInt(a)}`
  },
  {
    what: 'outlives',
    of: ({ outlives }) => (outlives ? 'outlive the handle' : 'do not outlive the handle'),
    sentence: (bos, a, b) => `mappings of ${bos} ${b}; in A they ${a.startsWith('do not') ? 'do not' : 'do'}`
  }
]

function plural(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`
}

/** Why what became of BOs cannot be compared, a few words; null where it can. */
export function incomparable(a: readonly Run[], b: readonly Run[]): string | null {
  if ([...a, ...b].some((run) => run.lossy)) return 'not compared after a loss'
  const over = [a, b].map((runs) => runs.some((run) => run.overflow))
  const sides = ['A', 'B'].filter((_, i) => over[i]).join(' and ')
  return sides ? `not compared: more than ${formatCount(PAIRS)} pairs of a VM and a BO in ${sides}` : null
}

/**
 * BOs that fared otherwise in a VM, in groups of the same change. Of several runs on a side only what all of them agree in is compared, so
 * that no accident of one run is told for a difference. Only for runs that are not `incomparable`.
 */
export function compareObjects(a: readonly Run[], b: readonly Run[]): CompareObjects[] {
  const groups = new Map<string, CompareObjects & { sentence: (n: string) => string }>()
  const add = (
    group: Pick<CompareObjects, 'vm' | 'what' | 'a' | 'b'>,
    example: CompareObjects['examples'][number],
    sentence: (n: string) => string
  ): void => {
    const key = [group.vm, group.what, group.a, group.b].join('\n')
    let known = groups.get(key)
    if (!known) groups.set(key, (known = { ...group, text: '', count: 0, examples: [], sentence }))
    known.count++
    if (known.examples.length < EXAMPLES) known.examples.push(example)
  }
  for (const key of new Set([...a[0]!.courses.keys(), ...b[0]!.courses.keys()])) {
    const [ofA, ofB] = [a, b].map((runs) => runs.map((run) => run.courses.get(key))) as [Courses, Courses]
    const [first, second] = [ofA[0], ofB[0]]
    const { vm, bo } = (first ?? second)!
    const example = { key: bo, a: first?.id ?? null, b: second?.id ?? null }
    if (ofB.every((c) => c === undefined) && all(ofA))
      add({ vm, what: 'only-a', a: 'mapped', b: '' }, example, (n) => `${n} mapped in A alone`)
    else if (ofA.every((c) => c === undefined) && all(ofB))
      add({ vm, what: 'only-b', a: '', b: 'mapped' }, example, (n) => `${n} mapped in B alone`)
    else if (all(ofA) && all(ofB))
      for (const { what, of, sentence } of ASPECTS) {
        const [inA, inB] = [agreed(ofA, of), agreed(ofB, of)]
        if (!inA || !inB || inA === inB) continue
        add({ vm, what, a: inA, b: inB }, example, (n) => sentence(n, inA, inB))
      }
  }
  return [...groups.values()]
    .map(({ sentence, ...group }) => ({ ...group, text: `${group.vm}: ${sentence(named(group))}` }))
    .sort((x, y) => y.count - x.count || (x.text < y.text ? -1 : 1))
}

type Courses = (BoCourse | undefined)[]

function all(courses: Courses): courses is BoCourse[] {
  return courses.every((c) => c !== undefined)
}

/** What all runs say alike; empty where they do not. */
function agreed(courses: readonly BoCourse[], of: (course: BoCourse) => string): string {
  const said = new Set(courses.map(of))
  return said.size === 1 ? [...said][0]! : ''
}

function named({ count, examples }: Pick<CompareObjects, 'count' | 'examples'>): string {
  return count === 1 ? `the BO "${examples[0]!.key}"` : `${count} BOs`
}
