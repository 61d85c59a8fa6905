import { describe, expect, it } from 'vitest'
import type { Mark } from '../../engine/api'
import { mix, shadeOf } from '../../renderer/components/palette'
import { drawFlips, drawSteps, median, niceTop } from '../../renderer/features/timeline/draw/charts'
import { paintCells, runsOf, segmentRuns } from '../../renderer/features/timeline/draw/density'
import { drawRuler } from '../../renderer/features/timeline/draw/grid'
import { drawMappings, type MapScene } from '../../renderer/features/timeline/draw/mappings'
import { drawOverlay } from '../../renderer/features/timeline/draw/overlay'
import { bandsOf, fitting } from '../../renderer/features/timeline/draw/runs'
import { drawSpans, jobAt, spansAt, spanUnder } from '../../renderer/features/timeline/draw/spans'
import { binAt, flipAt, meanBefore } from '../../renderer/features/timeline/figures'
import { layoutLanes } from '../../renderer/model/lanes'
import { fakeView, rectsOf } from './fake-engine'
import { recordingSurface } from './recording-surface'

const request = { from: 0, to: 10, width: 1000, cursor: null }
const range = { from: 0, to: 10 }

describe('charts', () => {
  const charts = { ...fakeView(request).charts, from: 0, step: 1 }
  const series = { top: 10, zero: 40, reach: 40, fill: 'fill', line: 'line' }

  it('leave a gap where nothing was seen, and draw zero as zero', () => {
    const surface = recordingSurface()
    const values = Float32Array.from([5, NaN, 0, 10])
    drawSteps(surface, charts, range, { ...series, values })
    const bars = surface.drawn.filter(({ call }) => call === 'fillRect').map(({ args }) => args)
    expect(bars).toEqual([
      [0, 20, 100, 20],
      [200, 40, 100, 0],
      [300, 0, 100, 40]
    ])
    const starts = surface.drawn.filter(({ call }) => call === 'moveTo')
    expect(starts.map(({ args }) => args[0])).toEqual([0, 200])
  })

  it('have a scale of round numbers that holds the largest value', () => {
    expect([0, 3, 12, 2200, 4999].map((value) => niceTop(value))).toEqual([1, 3, 15, 3000, 5000])
    expect(niceTop(48.8 * 1024 ** 2, 1024)).toBe(50 * 1024 ** 2)
  })

  it('tell late flips from usual ones by their ink', () => {
    const surface = recordingSurface(1000, 44)
    const flipTimes = Float64Array.from([1, 2, 3, 4, 5])
    const flipIntervals = Float32Array.from([0.016, 0.016, 0.033, 0.016, NaN])
    drawFlips(surface, { ...charts, flipTimes, flipIntervals }, range)
    const dots = surface.drawn.filter(({ call, args }) => call === 'fillRect' && args[2] === 3 && args[3] === 3)
    expect(dots.map(({ fill }) => fill)).toEqual(['#555555', '#555555', '#eeeeee', '#555555'])
    expect(median(flipIntervals)).toBeCloseTo(0.016)
  })

  it('answer for the bin at a time, and for none outside or unseen', () => {
    const values = Float32Array.from([1, NaN, 3])
    expect([0.5, 1.5, 2.5, 3].map((time) => binAt({ ...charts, from: 0, step: 1 }, values, time))).toEqual([
      1,
      null,
      3,
      3
    ])
    expect(binAt({ ...charts, from: 5, step: 1 }, values, 1)).toBeNull()
  })
})

describe('a flip under the pointer', () => {
  it('is the nearest, where one is near', () => {
    const charts = {
      ...fakeView(request).charts,
      flipTimes: Float64Array.from([1, 2]),
      flipIntervals: Float32Array.from([0.5, 1])
    }
    expect(flipAt(charts, 1.9, 0.2)).toEqual({ time: 2, interval: 1 })
    expect(flipAt(charts, 1.5, 0.2)).toBeNull()
  })
})

describe('the reading at the newest time', () => {
  const charts = { ...fakeView(request).charts, from: 0, step: 0.5 }

  it('is the mean of the last second, of what was seen', () => {
    expect(meanBefore(charts, Float32Array.from([9, 9, 4, 2, 6]), 2.4)).toBe(4)
    expect(meanBefore(charts, Float32Array.from([9, 9, NaN, 2, 6]), 2.4)).toBe(4)
    expect(meanBefore(charts, Float32Array.from([9, 9, NaN, NaN, NaN]), 2.4)).toBeNull()
  })
})

describe('the ruler', () => {
  it('leaves out labels under the cursor’s own', () => {
    const labels = (cursor: number | null): unknown[] => {
      const surface = recordingSurface()
      drawRuler(surface, range, cursor)
      return surface.drawn.filter(({ call }) => call === 'fillText').map(({ args }) => args[0])
    }
    expect(labels(null)).toContain('0:05')
    expect(labels(5)).not.toContain('0:05')
    expect(labels(5)).toContain('0:07')
  })
})

describe('a VA map', () => {
  const segments = [{ iova: 0, bytes: 1, row: 0, rows: 3 }]
  const layout = layoutLanes({ rows: 3, segments }, 60)
  const mapped = { group: 0, row: 0, bo: 4, iova: 0x1000, bytes: 4096, start: 1, end: 3, state: 0 }

  function draw(rows: (typeof mapped)[], change: Partial<MapScene> = {}): ReturnType<typeof recordingSurface> {
    const view = { ...fakeView(request), rects: rectsOf(rows), density: [] }
    const surface = recordingSurface()
    drawMappings(surface, { view, group: 0, layout, range, time: 5, selection: null, boName: () => '', ...change })
    return surface
  }
  const bars = (surface: ReturnType<typeof recordingSurface>): ReturnType<typeof recordingSurface>['drawn'] =>
    surface.drawn.filter(({ call, args, fill }) => call === 'fillRect' && Number(args[2]) > 10 && fill !== '#123456')

  it('draws a mapping from its start to its end, faint once the cursor is past it', () => {
    const [ended] = bars(draw([mapped]))
    expect(ended).toMatchObject({ args: [100, layout.tops[0], 199, layout.height], alpha: 0.5, fill: '#000080' })
    const [live] = bars(draw([mapped], { time: 2 }))
    expect(live?.alpha).toBeGreaterThan(0.8)
  })

  it('ends what still lives at the newest time, not at the edge of the window', () => {
    const [live] = bars(draw([{ ...mapped, end: Infinity, state: 1 }]))
    expect(Number(live?.args[0]) + Number(live?.args[2])).toBeCloseTo(799)
  })

  it('tells neighbouring BOs apart by shade within the policy’s hue', () => {
    const { palette } = recordingSurface()
    const shades = [4, 5, 6, 7].map((bo) => shadeOf(palette.policy.hard, bo))
    expect(new Set(shades).size).toBe(4)
    expect(shadeOf(palette.policy.hard, 4)).toBe(shadeOf(palette.policy.hard, 8))
    expect(mix('#000000', '#ffffff', 0.5)).toBe('#808080')
  })

  it('hatches what is pending and hollows what is evicted, in form and not in hue', () => {
    const pending = draw([{ ...mapped, end: Infinity, state: 2 }]).drawn
    expect(pending.some(({ fill }) => fill === 'hatch #0000ff')).toBe(true)
    const evicted = draw([{ ...mapped, end: Infinity, state: 3 }]).drawn
    expect(evicted.some(({ call, stroke }) => call === 'strokeRect' && stroke === '#0000ff')).toBe(true)
    expect(evicted.some(({ fill }) => fill === '#000080')).toBe(false)
  })

  it('draws a mapping without BO dotted and names it MAP_NULL', () => {
    const { drawn } = draw([{ ...mapped, bo: 0, end: Infinity, state: 1 }])
    expect(drawn.some(({ call, dash, stroke }) => call === 'strokeRect' && dash.length && stroke === '#888888')).toBe(
      true
    )
    expect(drawn.find(({ call }) => call === 'fillText')?.args[0]).toBe('MAP_NULL 4 KiB')
  })

  it('gathers mappings too narrow to see into density', () => {
    const many = Array.from({ length: 40 }, (_, index) => ({
      ...mapped,
      start: 2 + index * 1e-4,
      end: 2.00005 + index * 1e-4
    }))
    const cells = draw(many).drawn.filter(({ call, fill }) => call === 'fillRect' && fill === '#000080')
    expect(cells).toHaveLength(1)
  })

  it('outlines the selected mapping, and with dashes the same BO in another VM', () => {
    const outlines = (vm: number): number[][] => {
      const selection = { va: 1, vm, bo: 4, iova: 0, bytes: 4096, offset: 0, start: 1, end: 3 }
      const rows = [
        { ...mapped, group: vm === 3 ? 0 : 1 },
        { ...mapped, row: 1 },
        { ...mapped, row: 2, bo: 5 }
      ]
      return draw(rows, { selection })
        .drawn.filter(({ call, stroke }) => call === 'strokeRect' && stroke === '#ffffff')
        .map(({ dash }) => dash)
    }
    expect(outlines(3)).toEqual([[]])
    expect(outlines(0)).toEqual([[3, 2]])
  })
})

describe('spans', () => {
  const spans = {
    queued: Float64Array.from([1, 5, 6]),
    start: Float64Array.from([2, 5, NaN]),
    end: Float64Array.from([3, 7, NaN]),
    id: Float64Array.from([1, 2, 3])
  }

  it('are hatched while queued and solid while they run', () => {
    const surface = recordingSurface(1000, 20)
    drawSpans(surface, spans, range, 9, '#0000ff')
    const [queued, running] = surface.drawn.filter(({ fill }) => fill.includes('#0000ff'))
    expect(queued).toMatchObject({ fill: 'hatch #0000ff', args: [100, 5, 100, 10] })
    expect(running).toMatchObject({ fill: '#0000ff', args: [200, 5, 99.5, 10] })
  })

  it('have an arrow from the queue to the fence at the cursor, and only there', () => {
    const lines = (time: number): number[] => {
      const surface = recordingSurface(1000, 20)
      drawSpans(surface, spans, range, time)
      const drawn = surface.drawn.filter(({ args }) => args[1] === 2 && args[3] === 1)
      return drawn.map(({ args }) => args[2] as number).filter((length) => length > 5)
    }
    expect(lines(6.5)).toHaveLength(1)
    expect(lines(0.5)).toHaveLength(0)
  })

  it('are found under the pointer: the newest that covers the time, else one close by', () => {
    expect([spanUnder(spans, 1.5, 0), spanUnder(spans, 3.2, 0), spanUnder(spans, 3.2, 0.3)]).toEqual([0, -1, 0])
    expect([spanUnder(spans, 6.5, 0), spanUnder(spans, 5.5, 0), spanUnder(spans, 0.5, 0.1)]).toEqual([2, 1, -1])
  })

  it('of VM_BIND are known by their VM and the time at which they ran', () => {
    const jobs = { ...spans, vm: Float64Array.from([1, 2, 1]) }
    expect(jobAt(jobs, 1, 2.5)).toMatchObject({ id: 1 })
    expect(jobAt(jobs, 2, 2.5)).toBeNull()
    expect(jobAt(jobs, 1, 1.5)).toBeNull() // queued, and so at no work
    expect(jobAt(spans, 1, 2.5)).toBeNull()
  })

  it('are counted at a time; what never ran is still queued', () => {
    expect(spansAt(spans, 1.5)).toEqual({ queued: 1, running: 0 })
    expect(spansAt(spans, 6.5)).toEqual({ queued: 1, running: 1 })
    expect(spansAt(spans, 9)).toEqual({ queued: 1, running: 0 })
  })
})

describe('the overlay', () => {
  const scene = {
    marks: [
      { time: 3, until: 3.2, kind: 'loss' as const, text: 'lost 412' },
      { time: 3.21, until: 3.21, kind: 'snapshot' as const, text: 'snapshot' }
    ],
    range,
    cursor: null,
    live: null,
    bind: null,
    bands: [
      [64, 100],
      [124, 200]
    ] as [number, number][],
    ruler: { labels: 28, marks: 48, runs: 64 }
  }

  it('hatches a loss across every band but not across the heads between them', () => {
    const surface = recordingSurface(1000, 200)
    drawOverlay(surface, scene)
    const hatched = surface.drawn.filter(({ fill }) => fill === 'hatch #999999').map(({ args }) => args)
    expect(hatched).toEqual([
      [300, 64, 20, 36],
      [300, 124, 20, 76]
    ])
  })

  it('leads from a VM_BIND job to the mapping that it wrote, but not across the heads between them', () => {
    const surface = recordingSurface(1000, 200)
    drawOverlay(surface, { ...scene, marks: [], bind: { time: 5, from: 70, to: 150 } })
    const line = surface.drawn.filter(({ args, fill }) => args[0] === 500 && args[2] === 1 && fill === '#eeeeee')
    expect(line.map(({ args }) => args.slice(1, 4))).toEqual([
      [70, 1, 30],
      [124, 1, 26],
      [149, 1, 1]
    ])
  })

  it('does not print one label over another', () => {
    const surface = recordingSurface(1000, 200)
    drawOverlay(surface, scene)
    expect(surface.drawn.filter(({ call }) => call === 'fillText').map(({ args }) => args[0])).toEqual(['lost 412'])
  })
})

describe('the strip of scenario runs', () => {
  const run = (time: number, until: number, text: string): Mark => ({ time, until, kind: 'scenario', text })

  it('has a band for each run, and one for those that are too narrow to be told apart', () => {
    const marks = [
      run(0, 2, 'a'),
      run(2, 5, 'b'),
      ...Array.from({ length: 9 }, (_, n) => run(6 + n / 1000, 6 + n / 1000, 'c'))
    ]
    const bands = bandsOf(marks, range, 1000)
    expect(bands.map(({ names }) => names.length)).toEqual([1, 1, 9])
    expect(bands[1]!.from).toBeGreaterThan(bands[0]!.to)
  })

  it('says as much as there is room for', () => {
    const measure = (text: string): number => text.length * 6
    expect(fitting(['vm-bind-churn'], 200, measure)).toBe('vm-bind-churn')
    expect(fitting(['vm-bind-churn'], 60, measure)).toBe('vm-bind-c…')
    expect(fitting(['vm-bind-churn'], 12, measure)).toBe('')
    expect(fitting(['churn', 'b', 'c'], 200, measure)).toBe('churn and 2 more')
    expect(fitting(['churn', 'b', 'c'], 40, measure)).toBe('3 runs')
  })
})

describe('density', () => {
  it('is the stronger the more there is, and nothing where nothing is', () => {
    const pixels = new Uint8ClampedArray(12)
    paintCells(pixels, Uint16Array.from([0, 1, 4]), { fill: '#000080', line: '#0000ff', shades: [] })
    expect([...pixels.slice(0, 4)]).toEqual([0, 0, 0, 0])
    expect(pixels[7]).toBeLessThan(pixels[11]!)
    expect(pixels[10]).toBeGreaterThan(pixels[6]!)
  })

  it('keeps its strengths apart however many there are', () => {
    const counts = Uint16Array.from([1, 30_000, 60_000])
    const pixels = new Uint8ClampedArray(12)
    paintCells(pixels, counts, { fill: '#000080', line: '#0000ff', shades: [] })
    expect(pixels[3]).toBeGreaterThan(0)
    expect(pixels[3]).toBeLessThan(pixels[7]!)
    expect(pixels[7]).toBeLessThan(pixels[11]!)
  })

  it('begins a row of its own with each segment, where rows share one', () => {
    const segments = [
      { iova: 0, bytes: 1, row: 0, rows: 5 },
      { iova: 9, bytes: 1, row: 5, rows: 3 }
    ]
    const tops = Float32Array.from([4, 5, 6, 7, 8, 20, 21, 22])
    expect(segmentRuns({ tops, pitch: 1, height: 1, breaks: [], labels: [] }, segments, 2)).toEqual([
      { row: 0, rows: 2.5, top: 4 },
      { row: 3, rows: 1.5, top: 20 }
    ])
  })

  it('is drawn in one go for rows that follow each other', () => {
    const layout = { tops: Float32Array.from([4, 6, 8, 18, 20]), pitch: 2, height: 2, breaks: [], labels: [] }
    expect(runsOf(layout, 5)).toEqual([
      { row: 0, rows: 3, top: 4 },
      { row: 3, rows: 2, top: 18 }
    ])
  })
})
