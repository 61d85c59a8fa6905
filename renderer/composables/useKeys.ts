import { onScopeDispose } from 'vue'

/** Key as KeyboardEvent.key in lower case, with "ctrl+" in front where held. */
export type KeyMap = Record<string, (event: KeyboardEvent) => void>

/** Answers keys while the component lives. Typing into a field and open dialogs keep their keys. */
export function useKeys(keys: KeyMap): void {
  function onKey(event: KeyboardEvent): void {
    if (event.altKey || event.defaultPrevented) return
    if (document.querySelector('dialog[open]')) return
    const typing = event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement
    // Enter and Space press the button that has the focus, and nothing else besides.
    if (event.target instanceof HTMLButtonElement && (event.key === 'Enter' || event.key === ' ')) return
    const name = (event.ctrlKey || event.metaKey ? 'ctrl+' : '') + event.key.toLowerCase()
    if (typing && !name.startsWith('ctrl+')) return
    const answer = keys[name]
    if (!answer) return
    event.preventDefault()
    answer(event)
  }
  window.addEventListener('keydown', onKey)
  onScopeDispose(() => window.removeEventListener('keydown', onKey))
}
