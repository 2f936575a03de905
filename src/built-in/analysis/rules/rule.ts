import type { ExtractedGraph, Issue } from '../engine.ts'
import type { Measure } from '../language/measures.ts'
import { formatIn } from '../language/units.ts'
import type { Model, Place } from '../reading/model.ts'

/** An issue with its places; the lines' texts are added for all rules alike. */
export type Finding = Omit<Issue, 'evidence' | 'rule'> & { places: Place[] }

export interface Rule {
  name: string
  find(model: Model, graph: ExtractedGraph): Finding[]
}

export function nameOf(model: Model, id: string): string {
  return model.entities.get(id)?.name ?? id
}

export function placeText({ document, line }: Place): string {
  return `${document}:${line}`
}

/** A size as its document gives it: `3.2 A`, `at most 5 A`, `18 V to 32 V`. */
export function sizeText({ value, lower, upper, unit }: Measure): string {
  const show = (base: number | undefined): string => formatIn(base ?? 0, unit)
  if (value !== undefined && upper === undefined && lower === undefined) return show(value)
  if (value !== undefined && upper !== undefined)
    return `${show(value)} ± ${formatIn(upper - value + unit.offset, unit)}`
  if (lower === undefined) return `at most ${show(upper)}`
  return upper === undefined ? `at least ${show(lower)}` : `${show(lower)} to ${show(upper)}`
}

/** Whether one size is above another by more than rounding explains. */
export function isAbove(one: number, other: number, rounding = 0): boolean {
  return one - other > rounding + 1e-9 * Math.max(1e-9, Math.abs(one), Math.abs(other))
}

/** Each place once, in their order. */
export function distinctPlaces(places: readonly Place[]): Place[] {
  return [...new Map(places.map((place) => [placeText(place), place])).values()]
}
