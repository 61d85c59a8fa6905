import { inject, type InjectionKey, onScopeDispose, provide, shallowReactive } from 'vue'
import { type CommandId, commandIds, commandText } from '../model/commands'

/** What runs a command, and when that is possible (always, where `when` is left out). */
export interface CommandAction {
  run(): void
  when?(): boolean
}

export type CommandActions = { [Id in CommandId]?: CommandAction | (() => void) }

export interface Commands {
  /** Those that can be run now. */
  available(): CommandId[]
  /** Runs one where that is possible now. */
  run(id: CommandId): boolean
  bind(actions: CommandActions): () => void
  /** Keys that are no command of the list, such as those of the tabs. */
  bindKeys(keys: Record<string, () => void>): () => void
}

const KEY: InjectionKey<Commands> = Symbol('commands')

/** Keeps who does what, and answers the keys. Typing into a field and open dialogs keep their keys. */
export function provideCommands(): Commands {
  const bound = shallowReactive(new Map<CommandId, CommandAction[]>())
  const otherKeys = new Map<string, () => void>()
  const byKey = new Map<string, CommandId[]>()
  for (const id of commandIds)
    for (const key of commandText(id).keys ?? []) byKey.set(key, [...(byKey.get(key) ?? []), id])

  /** The newest component that can. */
  function action(id: CommandId): CommandAction | undefined {
    return bound.get(id)?.findLast(({ when }) => !when || when())
  }

  function onKey(event: KeyboardEvent): void {
    if (event.altKey || event.defaultPrevented || document.querySelector('dialog[open]')) return
    const target = event.target
    const typing =
      target instanceof HTMLInputElement || target instanceof HTMLSelectElement || target instanceof HTMLTextAreaElement
    // Enter and Space press the button that has the focus, and nothing else besides.
    if (target instanceof HTMLButtonElement && (event.key === 'Enter' || event.key === ' ')) return
    const ctrl = event.ctrlKey || event.metaKey
    const name = event.key.toLowerCase()
    if (typing && !ctrl) return
    // Shift counts for letters; of other keys it is how the sign is made.
    const full = (ctrl ? 'ctrl+' : '') + (event.shiftKey && /^[a-z]$/.test(name) ? 'shift+' : '') + name
    const run =
      byKey
        .get(full)
        ?.map(action)
        .find((one) => one !== undefined)?.run ?? otherKeys.get(full)
    if (!run) return
    event.preventDefault()
    run()
  }
  window.addEventListener('keydown', onKey)
  onScopeDispose(() => window.removeEventListener('keydown', onKey))

  const commands: Commands = {
    available: () => commandIds.filter((id) => action(id) !== undefined),
    run(id) {
      const found = action(id)
      found?.run()
      return found !== undefined
    },
    bind(actions) {
      const added = (Object.entries(actions) as [CommandId, CommandAction | (() => void)][]).map(
        ([id, given]) => [id, typeof given === 'function' ? { run: given } : given] as const
      )
      for (const [id, one] of added) bound.set(id, [...(bound.get(id) ?? []), one])
      return () => {
        for (const [id, one] of added)
          bound.set(
            id,
            (bound.get(id) ?? []).filter((other) => other !== one)
          )
      }
    },
    bindKeys(keys) {
      for (const [key, run] of Object.entries(keys)) otherKeys.set(key, run)
      return () => {
        for (const key of Object.keys(keys)) otherKeys.delete(key)
      }
    }
  }
  provide(KEY, commands)
  return commands
}

export function injectCommands(): Commands {
  const commands = inject(KEY)
  if (!commands) throw new Error('no commands above this component')
  return commands
}

/** Does what the named commands say, while the component lives. */
export function useCommands(actions: CommandActions): void {
  onScopeDispose(injectCommands().bind(actions))
}
