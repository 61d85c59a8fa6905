import type { ScenarioDescription } from '../../../engine/api'

/** What scenarios have in common, by how their ids begin; the first that fits counts. */
const FAMILIES: readonly { title: string; ids: RegExp }[] = [
  { title: 'MAP', ids: /^vm-bind-(?!syncobj|timeline|late|queues|bad|without|no-|random)/ },
  { title: 'UNMAP', ids: /^(vm-unbind|unmap)/ },
  { title: 'Fences', ids: /^vm-bind-(syncobj|timeline|late|queues)/ },
  { title: 'Refusals', ids: /^vm-bind-(bad|without|no-)/ },
  { title: 'Random', ids: /^(vm-bind-random|soak)/ },
  { title: 'Lifetime', ids: /^(close|export|exit|kill)/ },
  { title: 'Kernel-managed', ids: /^legacy/ },
  { title: 'Eviction', ids: /^evict/ },
  { title: 'Scanout', ids: /^scanout/ }
]
const OTHER = 'Other'

export interface Family {
  title: string
  scenarios: ScenarioDescription[]
}

export function familyOf(id: string): string {
  return FAMILIES.find(({ ids }) => ids.test(id))?.title ?? OTHER
}

/** The catalogue by family, in the order above; a family without scenarios is left out. */
export function families(catalogue: readonly ScenarioDescription[]): Family[] {
  return [...FAMILIES.map(({ title }) => title), OTHER]
    .map((title) => ({ title, scenarios: catalogue.filter(({ id }) => familyOf(id) === title) }))
    .filter(({ scenarios }) => scenarios.length > 0)
}

/** Every word of the text is in the id, the description, the family or a parameter's name. */
export function matches(scenario: ScenarioDescription, text: string): boolean {
  const { id, description, parameters } = scenario
  const all = [id, description, familyOf(id), ...parameters.map(({ name }) => name)].join(' ').toLowerCase()
  return text
    .toLowerCase()
    .split(/\s+/)
    .every((word) => all.includes(word))
}
