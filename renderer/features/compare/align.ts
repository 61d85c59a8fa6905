import type { CompareCourse, CompareStep } from '../../../engine/api'

/**
 * Where a time of one side stands on the common axis: side A's own time, on which B's steps are stretched to A's. Both are the same at
 * the bounds of each step that both sides have. `end`: of side B and of side A.
 */
export function alignB(steps: readonly CompareStep[], end: { a: number; b: number }): (time: number) => number {
  const points: [number, number][] = [[0, 0]]
  for (const { a, b } of steps) {
    if (!a || !b) continue
    for (const [x, y] of [
      [b.from, a.from],
      [b.to, a.to]
    ] as const) {
      const [lastX, lastY] = points.at(-1)!
      if (x > lastX && y >= lastY) points.push([x, y]) // steps that overlap, or came in another order, are left out
    }
  }
  const [lastX, lastY] = points.at(-1)!
  points.push([Math.max(end.b, lastX + 1e-9), Math.max(end.a, lastY)])
  return (time) => {
    const at = points.findIndex(([x]) => x >= time)
    if (at <= 0) return at === 0 ? points[0]![1] : points.at(-1)![1]
    const [[x1, y1], [x2, y2]] = [points[at - 1]!, points[at]!]
    return y1 + ((time - x1) / (x2 - x1)) * (y2 - y1)
  }
}

/** The other way round: the time of side B that stands at a time of A. `toA` never goes back. */
export function timeOfB(toA: (time: number) => number, endB: number): (time: number) => number {
  return (time) => {
    let [low, high] = [0, endB]
    for (let i = 0; i < 40; i++) {
      const middle = (low + high) / 2
      if (toA(middle) < time) low = middle
      else high = middle
    }
    return (low + high) / 2
  }
}

/** A course as the points of a stepped line. `x` and `y` turn time and value into pixels; what was not seen is a gap. */
export function linePath(
  { stepSeconds, values }: CompareCourse,
  x: (time: number) => number,
  y: (value: number) => number
): string {
  let path = ''
  let open = false
  values.forEach((value, i) => {
    if (!Number.isFinite(value)) return void (open = false)
    const [from, to] = [x(i * stepSeconds), x((i + 1) * stepSeconds)]
    path += `${open ? 'L' : 'M'}${from.toFixed(1)} ${y(value).toFixed(1)}H${to.toFixed(1)}`
    open = true
  })
  return path
}

export function endOf({ stepSeconds, values }: CompareCourse): number {
  return stepSeconds * values.length
}
