/** Names of BOs as they are met in the table and the inspector, for labels on the canvas. BO numbers are dense, so this stays small. */
const names = new Map<number, string>()

export function useBoNames(): { of(bo: number): string; learn(bo: number, name: string): void; forget(): void } {
  return {
    of: (bo) => names.get(bo) ?? '',
    learn(bo, name) {
      if (bo && name) names.set(bo, name)
    },
    forget: () => names.clear()
  }
}
