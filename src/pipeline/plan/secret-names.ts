import type { PlanStep, PlanValue } from './types.ts'

/** Names of the secrets that the configs of steps refer to, each once. */
export function secretNames(steps: readonly Pick<PlanStep, 'config'>[]): string[] {
  return [...new Set(steps.flatMap(({ config }) => namesIn(config)))]
}

function namesIn(value: PlanValue | undefined): string[] {
  switch (value?.kind) {
    case 'secret':
      return value.parts.flatMap((part) => (typeof part === 'string' ? [] : [part.secret]))
    case 'list':
      return value.items.flatMap(namesIn)
    case 'object':
      return value.entries.flatMap((entry) => namesIn(entry.value))
    default:
      return []
  }
}
