export function hex(value: number): string {
  return `0x${value.toString(16)}`
}

/** "3 mappings", "1 mapping". */
export function some(n: number, word: string): string {
  return `${n} ${word}${n === 1 ? '' : 's'}`
}
