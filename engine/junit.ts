/** JUnit XML, as GitLab, Jenkins and GitHub read it: one root, suites, cases with at most one failure each. */

export interface JunitCase {
  name: string
  /** Groups cases in a CI's view; dots make levels. */
  className: string
  /** How long it took; 0 where nothing ran. */
  seconds: number
  failure?: { message: string; text: string }
  /** Why it did not run; true where there is nothing to say. */
  skipped?: string | boolean
}

export interface JunitSuite {
  name: string
  cases: readonly JunitCase[]
}

/** The suites as one XML file. The same suites give the same text: nothing in it says when or where it was made. */
export function junit(suites: readonly JunitSuite[]): string {
  const all = suites.flatMap((suite) => suite.cases)
  const body = suites.map(
    (suite) =>
      `  <testsuite name="${escape(suite.name)}" ${sums(suite.cases)}>\n${suite.cases.map(caseText).join('')}  </testsuite>\n`
  )
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites ${sums(all)}>\n${body.join('')}</testsuites>\n`
}

function sums(cases: readonly JunitCase[]): string {
  const failures = cases.filter((c) => c.failure).length
  const skipped = cases.filter((c) => isSkipped(c)).length
  const seconds = cases.reduce((sum, c) => sum + c.seconds, 0)
  return `tests="${cases.length}" failures="${failures}" errors="0" skipped="${skipped}" time="${seconds.toFixed(3)}"`
}

function caseText(c: JunitCase): string {
  const head = `    <testcase name="${escape(c.name)}" classname="${escape(c.className)}" time="${c.seconds.toFixed(3)}"`
  if (c.failure)
    return `${head}>\n      <failure message="${escape(c.failure.message)}">${escape(c.failure.text)}</failure>\n    </testcase>\n`
  if (!isSkipped(c)) return `${head}/>\n`
  const why = typeof c.skipped === 'string' && c.skipped !== '' ? ` message="${escape(c.skipped)}"` : ''
  return `${head}>\n      <skipped${why}/>\n    </testcase>\n`
}

/** A case that failed did run. */
function isSkipped(c: JunitCase): boolean {
  return !c.failure && c.skipped !== undefined && c.skipped !== false
}

const ENTITY: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

/**
 * For text and for attributes in double quotes. A newline in an attribute would be read as a space, so it is written as a reference; what
 * XML 1.0 has no way to say at all (control characters, lone surrogates, U+FFFE and U+FFFF) becomes U+FFFD.
 */
function escape(text: string): string {
  return (
    text
      // eslint-disable-next-line no-control-regex
      .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/gu, '\ufffd')
      .replace(/[&<>"]/g, (c) => ENTITY[c]!)
      .replace(/[\t\n\r]/g, (c) => `&#${c.charCodeAt(0)};`)
  )
}
