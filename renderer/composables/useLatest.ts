import { readonly, type Ref, ref } from 'vue'

export interface Latest {
  /** Wishes for it again: at once, or after what is being done now. */
  ask(): Promise<void>
  busy: Readonly<Ref<boolean>>
}

/**
 * One request at a time, and the last wish wins: `work` is done once more where it was wished for meanwhile, however often. `failed` is
 * told of the last wish only: what went wrong with an older one concerns nobody any more.
 */
export function useLatest(work: () => Promise<void>, failed: (error: unknown) => void): Latest {
  const busy = ref(false)
  let wanted = false

  async function ask(): Promise<void> {
    wanted = true
    if (busy.value) return
    busy.value = true
    while (wanted) {
      wanted = false
      try {
        await work()
      } catch (error) {
        if (!wanted) failed(error)
      }
    }
    busy.value = false
  }
  return { ask, busy: readonly(busy) }
}
