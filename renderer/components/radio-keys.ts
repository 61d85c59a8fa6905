const STEPS: Record<string, number> = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }

/** Arrow keys in a `radiogroup`: the next or previous choice that can be made is made, and has the focus. */
export function radioKeys(event: KeyboardEvent): void {
  const step = STEPS[event.key]
  const group = event.currentTarget as HTMLElement
  const radios = [...group.querySelectorAll<HTMLElement>('[role=radio]:not(:disabled)')]
  const at = radios.indexOf(event.target as HTMLElement)
  if (!step || at < 0) return
  event.preventDefault()
  event.stopPropagation()
  const next = radios[(at + step + radios.length) % radios.length]!
  next.focus()
  next.click()
}
