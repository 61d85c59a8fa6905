import { inject, type InjectionKey, provide, type Ref, ref } from 'vue'
import type { Tab } from '../model/tab'

/** Which view is shown, and the way to another. */
export interface Navigation {
  tab: Readonly<Ref<Tab>>
  go(tab: Tab): void
}

const KEY: InjectionKey<Navigation> = Symbol('navigation')

export function provideNavigation(first: Tab): Navigation {
  const tab = ref(first)
  const navigation: Navigation = { tab, go: (next) => (tab.value = next) }
  provide(KEY, navigation)
  return navigation
}

export function useNavigation(): Navigation {
  const navigation = inject(KEY)
  if (!navigation) throw new Error('no navigation above this component')
  return navigation
}
