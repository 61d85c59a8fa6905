/** Line drawings on a 16 px grid (12 px for the marks of state and severity). `solid` ones are filled with the ink. */
interface Icon {
  size: 12 | 16
  paths: { d: string; solid?: boolean; weight?: number; dash?: string }[]
}

const lines = (d: string, weight?: number): Icon => ({ size: 16, paths: [{ d, weight }] })

export const ICONS = {
  logo: lines('M2 3.5h7M5 8h9M3 12.5h5M11 12.5h2', 2.5),
  bo: lines('M8 2l5.5 3v6L8 14l-5.5-3V5zM2.5 5L8 8l5.5-3M8 8v6'),
  vm: lines('M3 2.5h10v11H3zM3 6h10M3 9.5h10'),
  link: lines(
    'M7 9l2-2M6.5 4.5l1-1a3 3 0 014.2 0l.8.8a3 3 0 010 4.2l-1 1M9.5 11.5l-1 1a3 3 0 01-4.2 0l-.8-.8a3 3 0 010-4.2l1-1'
  ),
  va: lines('M2 5.5h12v5H2zM5 5.5v5'),
  search: lines('M11.2 7a4.2 4.2 0 1 1-8.4 0 4.2 4.2 0 0 1 8.4 0zM10.3 10.3L14 14'),
  copy: lines('M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3'),
  down: lines('M4 6l4 4 4-4'),
  right: lines('M6 4l4 4-4 4'),
  check: lines('M3 8.5l3.2 3.2L13 5'),
  close: lines('M4 4l8 8M12 4l-8 8'),
  add: lines('M8 3v10M3 8h10'),
  retry: lines('M13 8a5 5 0 11-1.6-3.7M13 2.5v3h-3'),
  file: lines('M3.5 2h6l3 3v9h-9zM9.5 2v3h3'),
  save: lines('M8 2.5v8M4.5 7L8 10.5 11.5 7M2.5 13.5h11'),
  export: lines('M6 3.5H2.5v10h10V10M8 8l5.5-5.5M9.5 2.5h4v4'),
  play: { size: 16, paths: [{ d: 'M5 3l8 5-8 5z', solid: true }] },
  pause: { size: 16, paths: [{ d: 'M4 3h3v10H4zM9 3h3v10H9z', solid: true }] },
  hold: { size: 16, paths: [{ d: 'M4 3h3v10H4zM9 3h3v10H9z', solid: true }] },
  stop: { size: 16, paths: [{ d: 'M4 4h8v8H4z', solid: true }] },
  error: { size: 12, paths: [{ d: 'M2 2l8 8M10 2l-8 8', weight: 2 }] },
  limited: {
    size: 12,
    paths: [
      { d: 'M10.5 6a4.5 4.5 0 1 1-9 0 4.5 4.5 0 0 1 9 0z', weight: 1.25 },
      { d: 'M6 1.5a4.5 4.5 0 010 9z', solid: true }
    ]
  },
  loss: {
    size: 12,
    paths: [{ d: 'M1.5 1.5h9v9h-9zM1.5 7L7 1.5M1.5 10.5l9-9M5 10.5L10.5 5', weight: 1 }]
  },
  live: { size: 12, paths: [{ d: 'M1 2.5h10v7H1z', solid: true }] },
  pending: { size: 12, paths: [{ d: 'M1.5 3h9v6h-9zM2 8.5L7.5 3M5 9l5.5-5.5', weight: 1 }] },
  evicted: {
    size: 12,
    paths: [
      { d: 'M1.5 3h9v6h-9z', weight: 1 },
      { d: 'M1.5 6h9', weight: 1.5 }
    ]
  },
  violation: { size: 12, paths: [{ d: 'M6 .6L11.4 6 6 11.4.6 6z', solid: true }] },
  retention: { size: 12, paths: [{ d: 'M10.2 6a4.2 4.2 0 1 1-8.4 0 4.2 4.2 0 0 1 8.4 0z', weight: 2 }] },
  suspicion: { size: 12, paths: [{ d: 'M6 1.6L11 10.4H1z' }] },
  gap: { size: 12, paths: [{ d: 'M1.5 1.5h9v9h-9zM1.5 7L7 1.5M1.5 10.5l9-9M5 10.5L10.5 5', weight: 1 }] },
  ended: { size: 12, paths: [{ d: 'M1.5 3h9v6h-9z', weight: 1, dash: '1.5 1.5' }] }
} satisfies Record<string, Icon>

export type IconName = keyof typeof ICONS
