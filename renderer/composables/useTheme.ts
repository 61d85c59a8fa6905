import { ref, type Ref } from 'vue'

type ThemeName = 'dark' | 'light'

const STORED = 'vascope.theme'
const theme = ref<ThemeName>(localStorage.getItem(STORED) === 'light' ? 'light' : 'dark')

function apply(): void {
  document.documentElement.dataset.theme = theme.value
  void window.vascope?.setTheme(theme.value)
}

/** The theme of the one window there is. */
export function useTheme(): { theme: Readonly<Ref<ThemeName>>; toggle(): void; apply(): void } {
  return {
    theme,
    apply,
    toggle() {
      theme.value = theme.value === 'dark' ? 'light' : 'dark'
      localStorage.setItem(STORED, theme.value)
      apply()
    }
  }
}
