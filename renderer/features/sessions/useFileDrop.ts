import { onScopeDispose, type Ref, ref } from 'vue'

/**
 * Takes a session file that is dropped anywhere onto the window; the answer says whether one is held over it. Without this the window
 * would try to show the file itself.
 */
export function useFileDrop(open: (file: string) => void): Readonly<Ref<boolean>> {
  const over = ref(false)
  const holdsFile = (event: DragEvent): boolean => event.dataTransfer?.types.includes('Files') ?? false

  function onOver(event: DragEvent): void {
    event.preventDefault()
    if (event.dataTransfer) event.dataTransfer.dropEffect = holdsFile(event) ? 'copy' : 'none'
    over.value = holdsFile(event)
  }
  function onLeave(event: DragEvent): void {
    if (event.relatedTarget === null) over.value = false
  }
  function onDrop(event: DragEvent): void {
    event.preventDefault()
    over.value = false
    const file = event.dataTransfer?.files[0]
    if (file) open(window.vascope.pathOf(file))
  }

  window.addEventListener('dragover', onOver)
  window.addEventListener('dragleave', onLeave)
  window.addEventListener('drop', onDrop)
  onScopeDispose(() => {
    window.removeEventListener('dragover', onOver)
    window.removeEventListener('dragleave', onLeave)
    window.removeEventListener('drop', onDrop)
  })
  return over
}
