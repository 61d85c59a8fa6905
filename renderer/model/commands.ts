import type { Tab } from './tab'

/** What a command is called and which keys run it; what it does is bound by the component that can do it (useCommands). */
export interface CommandText {
  /** As the palette and the key help name it. */
  title: string
  /** KeyboardEvent.key in lower case, with "ctrl+" in front where held. Any of them runs it. */
  keys?: readonly string[]
  /** The view it belongs to; none: everywhere. */
  view?: Tab
  /** A word or two for the foot of the view. Commands with the same hint share one place there. */
  hint?: string
}

/** Every command of the window. Menus, the palette, the key help and the hints at the foot are made from this list and nothing else. */
export const COMMANDS = {
  'app.palette': { title: 'Search or run a command', keys: ['ctrl+k'] },
  'app.copy': { title: 'Copy the figure under the pointer, with its unit', keys: ['c'] },
  'app.keys': { title: 'All keys', keys: ['?'] },
  'app.theme': { title: 'Dark or light', keys: ['t'] },
  'app.about': { title: 'About Vascope' },

  'session.open': { title: 'Open a session file', keys: ['ctrl+o'] },
  'session.save': { title: 'Save the session under another name', keys: ['ctrl+s'] },
  'session.report': { title: 'Export the report' },
  'session.run': { title: 'Run a scenario' },
  'session.stop': { title: 'Stop the session' },
  'session.close': { title: 'Close the session' },

  'replay.toggle': { title: 'Play or pause the session', keys: ['p'] },
  'replay.faster': { title: 'Play faster', keys: ['>'] },
  'replay.slower': { title: 'Play slower', keys: ['<'] },

  'boards.next': { title: 'Next board', keys: ['j', 'arrowdown'], view: 'boards', hint: 'move' },
  'boards.previous': { title: 'Previous board', keys: ['k', 'arrowup'], view: 'boards', hint: 'move' },
  'boards.start': { title: 'Start a session on the chosen board', keys: ['enter'], view: 'boards', hint: 'start' },
  'boards.add': { title: 'Add a board', keys: ['n'], view: 'boards', hint: 'add board' },
  'boards.preflight': { title: 'Run preflight', keys: ['r'], view: 'boards', hint: 'preflight' },

  'timeline.zoom-in': { title: 'Zoom in around the cursor', keys: ['w', '+'], view: 'timeline', hint: 'zoom' },
  'timeline.zoom-out': { title: 'Zoom out', keys: ['s', '-'], view: 'timeline', hint: 'zoom' },
  'timeline.left': { title: 'Pan to earlier', keys: ['a', 'arrowleft'], view: 'timeline', hint: 'pan' },
  'timeline.right': { title: 'Pan to later', keys: ['d', 'arrowright'], view: 'timeline', hint: 'pan' },
  'timeline.begin': { title: 'Go to the beginning', keys: ['home'], view: 'timeline' },
  'timeline.end': { title: 'Go to the newest, and follow it', keys: ['end'], view: 'timeline' },
  'timeline.fit': {
    title: 'Fit the selection, or the whole session',
    keys: ['f'],
    view: 'timeline',
    hint: 'fit selection'
  },
  'timeline.whole': { title: 'Show the whole session', keys: ['shift+f'], view: 'timeline' },
  'timeline.axis': { title: 'VA maps by lanes, addresses or BOs', keys: ['v'], view: 'timeline', hint: 'map rows' },
  'timeline.hold': { title: 'Hold a live window, or follow it again', keys: [' '], view: 'timeline' },
  'timeline.copy-link': { title: 'Copy a link to the selection', keys: ['l'], view: 'timeline' },
  'timeline.search': { title: 'Search the live mappings', keys: ['/'], view: 'timeline', hint: 'search' },
  'timeline.release': { title: 'Unpin the cursor, then let go of the selection', keys: ['escape'], view: 'timeline' },

  'addresses.zoom-in': { title: 'Zoom in', keys: ['w', '+'], view: 'addresses', hint: 'zoom' },
  'addresses.zoom-out': { title: 'Zoom out', keys: ['s', '-'], view: 'addresses', hint: 'zoom' },
  'addresses.left': { title: 'To lower addresses', keys: ['a', 'arrowleft'], view: 'addresses', hint: 'pan' },
  'addresses.right': { title: 'To higher addresses', keys: ['d', 'arrowright'], view: 'addresses', hint: 'pan' },
  'addresses.fit': {
    title: 'Fit the selection, or all that is used',
    keys: ['f'],
    view: 'addresses',
    hint: 'fit selection'
  },
  'addresses.whole': { title: 'Show all 256 TiB', keys: ['shift+f'], view: 'addresses' },
  'addresses.next': { title: 'Next VM', keys: ['j'], view: 'addresses', hint: 'VM' },
  'addresses.previous': { title: 'Previous VM', keys: ['k'], view: 'addresses', hint: 'VM' },
  'addresses.release': { title: 'Unpin the cursor, then let go of the selection', keys: ['escape'], view: 'addresses' },
  'objects.next': { title: 'Next object', keys: ['j', 'arrowdown'], view: 'objects', hint: 'move' },
  'objects.previous': { title: 'Previous object', keys: ['k', 'arrowup'], view: 'objects', hint: 'move' },
  'objects.search': { title: 'Search the objects', keys: ['/'], view: 'objects', hint: 'search' },

  'findings.next': { title: 'Next finding', keys: ['j'], view: 'findings', hint: 'move' },
  'findings.previous': { title: 'Previous finding', keys: ['k'], view: 'findings', hint: 'move' },
  'findings.show': {
    title: 'Go to the moment, on the timeline',
    keys: ['enter'],
    view: 'findings',
    hint: 'go to the moment'
  },

  'scenarios.next': { title: 'Next scenario', keys: ['j', 'arrowdown'], view: 'scenarios', hint: 'move' },
  'scenarios.previous': { title: 'Previous scenario', keys: ['k', 'arrowup'], view: 'scenarios', hint: 'move' },
  'scenarios.add': { title: 'Add the scenario to the queue', keys: ['a'], view: 'scenarios', hint: 'add to queue' },
  'scenarios.search': { title: 'Filter the scenarios', keys: ['/'], view: 'scenarios', hint: 'filter' },

  'compare.swap': { title: 'Swap A and B', keys: ['x'], view: 'compare', hint: 'swap' },
  'compare.previous': { title: 'Previous step', keys: ['['], view: 'compare', hint: 'step' },
  'compare.next': { title: 'Next step', keys: [']'], view: 'compare', hint: 'step' },
  'compare.whole': { title: 'Show the whole sessions', keys: ['f'], view: 'compare', hint: 'whole' },
  'compare.release': { title: 'Let go of the selected object', keys: ['escape'], view: 'compare' },

  'sessions.next': { title: 'Next session', keys: ['j', 'arrowdown'], view: 'sessions', hint: 'move' },
  'sessions.previous': { title: 'Previous session', keys: ['k', 'arrowup'], view: 'sessions', hint: 'move' },
  'sessions.open': { title: 'Open the chosen session', keys: ['enter'], view: 'sessions', hint: 'open' },
  'sessions.search': { title: 'Search the sessions', keys: ['/'], view: 'sessions', hint: 'search' }
} satisfies Record<string, CommandText>

export type CommandId = keyof typeof COMMANDS

/** What the pointer does, for the key help. */
export const GESTURES: readonly { keys: string; title: string; view?: Tab }[] = [
  { keys: 'Click', title: 'On a figure: copy it with its unit' },
  { keys: 'Click', title: 'Pin the cursor; on a mapping also select it', view: 'timeline' },
  { keys: 'Drag', title: 'On the ruler: select a range to show', view: 'timeline' },
  { keys: 'Ctrl wheel', title: 'Zoom around the pointer', view: 'timeline' }
]

export const commandIds = Object.keys(COMMANDS) as CommandId[]

export function commandText(id: CommandId): CommandText {
  return COMMANDS[id]
}

const NAMES: Record<string, string> = {
  arrowleft: '←',
  arrowright: '→',
  arrowup: '↑',
  arrowdown: '↓',
  escape: 'Esc',
  home: 'Home',
  end: 'End',
  enter: 'Enter',
  ' ': 'Space',
  ctrl: 'Ctrl',
  shift: 'Shift'
}

/** A key as it stands on the keyboard: "ctrl+k" is "Ctrl K". */
export function keyLabel(key: string): string {
  if (key === '+') return '+'
  return key
    .split('+')
    .map((part) => NAMES[part] ?? part.toUpperCase())
    .join(' ')
}
