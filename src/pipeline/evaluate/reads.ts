import { outputsReadBy } from '../../expressions/evaluate.ts'
import type { PlanValue } from '../plan/index.ts'
import type { Read } from './scope.ts'

/** Finds the outputs that values and expressions read; what was found out of a source is kept. */
export interface ReadFinder {
  ofValue(value: PlanValue): readonly Read[]
  ofExpression(source: string): readonly Read[]
}

export function createReadFinder(): ReadFinder {
  const known = new Map<string, readonly Read[]>()
  function ofExpression(source: string): readonly Read[] {
    const found = known.get(source)
    if (found) return found
    const reads = outputsReadBy(source).map((read) => ({ ...read, passed: false }))
    known.set(source, reads)
    return reads
  }
  function ofValue(value: PlanValue): readonly Read[] {
    switch (value.kind) {
      case 'expression':
        return ofExpression(value.source)
      case 'text':
        return value.parts.flatMap((part) => (typeof part === 'string' ? [] : ofExpression(part.source)))
      case 'list':
        return value.items.flatMap(ofValue)
      case 'object':
        return value.entries.flatMap((entry) => ofValue(entry.value))
      case 'output':
        return [{ step: value.step, name: value.name, passed: true }]
      case 'literal':
      case 'secret':
        return []
    }
  }
  return { ofValue, ofExpression }
}
