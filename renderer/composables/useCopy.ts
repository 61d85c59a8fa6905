import { inject, type InjectionKey, onScopeDispose, provide, type ShallowRef, shallowRef } from 'vue'

/** How long "copied" stands, in ms. */
const SHOWN = 1200

/** `failed`: why it was not copied. */
export interface Copied {
  text: string
  failed: string
  x: number
  y: number
}

export interface Copying {
  /** What was copied a moment ago, and where on the screen. */
  done: Readonly<ShallowRef<Copied | null>>
  /** Copies a text; `near` is what was pressed. */
  copy(text: string, near?: Element): Promise<void>
  /** Copies the figure under the pointer or the focus; false where there is none. */
  copyPointed(): boolean
}

const KEY: InjectionKey<Copying> = Symbol('copying')

/** Elements with data-copy are copied by a click on them, by Enter while they have the focus, and by the command while pointed at. */
export function provideCopying(): Copying {
  const done = shallowRef<Copied | null>(null)
  let timer = 0
  let pointed: Element | null = null

  async function copy(text: string, near?: Element): Promise<void> {
    const box = near?.getBoundingClientRect()
    let failed = ''
    try {
      await navigator.clipboard.writeText(text)
    } catch (error) {
      failed = error instanceof Error ? error.message : String(error)
    }
    done.value = { text, failed, x: box ? box.left : 16, y: box ? box.bottom : 48 }
    window.clearTimeout(timer)
    timer = window.setTimeout(() => (done.value = null), SHOWN)
  }

  function copyElement(element: Element | null): boolean {
    const text = element?.getAttribute('data-copy')
    if (!element || !text) return false
    void copy(text, element)
    return true
  }

  const figureOf = (target: EventTarget | null): Element | null =>
    target instanceof Element ? target.closest('[data-copy]') : null
  function onClick(event: MouseEvent): void {
    // A drag over text means to select it.
    if (window.getSelection()?.toString()) return
    if (copyElement(figureOf(event.target))) event.stopPropagation()
  }
  function onKey(event: KeyboardEvent): void {
    if (event.key === 'Enter' && copyElement(figureOf(event.target))) event.stopPropagation()
  }
  const onMove = (event: MouseEvent): void => {
    pointed = figureOf(event.target)
  }
  // Before the rows and lanes that also answer clicks.
  document.addEventListener('click', onClick, true)
  document.addEventListener('keydown', onKey, true)
  document.addEventListener('mouseover', onMove)
  onScopeDispose(() => {
    window.clearTimeout(timer)
    document.removeEventListener('click', onClick, true)
    document.removeEventListener('keydown', onKey, true)
    document.removeEventListener('mouseover', onMove)
  })

  const copying: Copying = {
    done,
    copy,
    copyPointed: () => copyElement(figureOf(document.activeElement) ?? pointed)
  }
  provide(KEY, copying)
  return copying
}

export function useCopying(): Copying {
  const copying = inject(KEY)
  if (!copying) throw new Error('nothing copies above this component')
  return copying
}
