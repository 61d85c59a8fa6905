import { readFileSync, writeFileSync } from 'node:fs'
import { Command } from 'commander'
import type { Comparison } from '../../engine/api'
import { compareFiles } from '../../engine/compare/compare'
import { applyGate, gateSuite, gateText, type GateVerdict } from '../../engine/compare/gate'
import { readGate, type Gate } from '../../engine/compare/gate-file'
import { writeComparison } from '../../engine/compare/report'
import { compareText } from '../../engine/compare/text'
import { junit } from '../../engine/junit'
import { EXIT, systemReason, VascopeError } from '../../engine/problem'
import { jsonOption } from '../options'
import { json, result, say } from '../output'

interface Options {
  base?: string[]
  with?: string[]
  all?: boolean
  html?: string
  gate?: string
  junit?: string
  json?: boolean
}

/** `vascope diff`: what two kernels, builds or runs did otherwise. */
export function diffCommand(): Command {
  return new Command('diff')
    .description('compare sessions: two files, or several runs of each side, from two kernels, builds or runs')
    .argument('[files...]', 'A and B, one run each')
    .option('--base <files...>', 'side A, one or more runs of the same')
    .option('--with <files...>', 'side B, one or more runs of the same')
    .option('--all', 'print every measure, also those within the noise')
    .option('--html <file>', 'also write the comparison as one self-contained HTML file')
    .option('--gate <rules.yaml>', 'hold B against rules: exit code 1 where one is broken (docs/compare.md)')
    .option('--junit <file>', 'with --gate: also write its rules as JUnit XML')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
  vascope diff before.vascope after.vascope
  vascope diff --base mainline-*.vascope --with weakref-*.vascope

VMs and BOs are matched by who made them and in which order, never by address. Facts are compared exactly. Times are
compared with their noise: four runs on each side or more tell it (p < 0.05), two or three roughly, one not at all.

Exit codes: 0 compared, whatever differs, 1 a rule of --gate is broken, 2 usage, 4 a file is damaged (what can be read is compared).`
    )
    .action(diff)
}

function diff(files: string[], options: Options): void {
  const [a, b] = sidesOf(files, options)
  if (options.junit && !options.gate)
    throw new VascopeError('diff-junit', '--junit writes the rules of a gate.', 'Give --gate too.', EXIT.usage)
  // a fault in the rules is told before anything long is read
  const gate = options.gate === undefined ? null : gateOf(options.gate)
  const comparison = compareFiles(a, b)
  const verdict = gate && applyGate(gate, comparison)
  if (options.json) json(comparisonJson(comparison, verdict))
  else {
    result(compareText(comparison, options.all))
    if (gate && verdict) result(`\n## Gate\n\n${gateText(gate, verdict)}`)
  }
  if (options.html) {
    writeComparison(comparison, options.html)
    say(`report   ${options.html}`)
  }
  if (gate && verdict && options.junit) write(options.junit, junit([gateSuite(gate, verdict)]))
  tellLosses(comparison)
  if (verdict && !verdict.passed) process.exitCode = EXIT.findings
}

function gateOf(file: string): Gate {
  try {
    return readGate(readFileSync(file, 'utf8'), file)
  } catch (error) {
    if (error instanceof VascopeError) throw error
    throw new VascopeError(
      'gate-read',
      `${file} cannot be read: ${systemReason(error)}.`,
      'Name a gate file.',
      EXIT.usage
    )
  }
}

function write(file: string, text: string): void {
  try {
    writeFileSync(file, text)
  } catch (error) {
    throw new VascopeError(
      'junit-write',
      `${file} cannot be written: ${systemReason(error)}.`,
      'Choose another file.',
      EXIT.usage
    )
  }
}

function sidesOf(files: string[], { base, with: other }: Options): [string[], string[]] {
  if (base && other && files.length === 0) return [base, other]
  if (!base && !other && files.length === 2) return [[files[0]!], [files[1]!]]
  throw new VascopeError(
    'diff-sides',
    files.length === 0 ? 'Two sides are needed to compare.' : `These are no two sides: ${files.join(' ')}.`,
    'Give two files, or --base FILE... --with FILE...',
    EXIT.usage
  )
}

/** What `--json` prints (docs/schema/compare.schema.json): typed arrays are arrays. */
export function comparisonJson(comparison: Comparison, gate: GateVerdict | null): unknown {
  const all = { ...comparison, ...(gate ? { gate } : {}) }
  return JSON.parse(JSON.stringify(all, (_key, value: unknown) => (value instanceof Float32Array ? [...value] : value)))
}

/** A damaged file is compared as far as it goes, and said to be damaged. */
function tellLosses({ sides }: Comparison): void {
  for (const { file, lossy, damaged } of sides.flatMap((side) => side.runs)) {
    if (lossy)
      say(
        `vascope: ${file} ${damaged ? 'is damaged or was cut off' : 'has losses'}: facts of its side are not compared.`
      )
    if (damaged) process.exitCode = EXIT.file
  }
}
