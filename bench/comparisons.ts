import type { ArmResult, Results, WorkloadResult } from './results.ts'
import { median, quantile, ratios } from './statistics.ts'
import { allCpuOf, latenessOf, requestsOf, wallOf } from './tables.ts'

/** Ours beside each of the others, measure by measure: below 1 it is ahead. Pure. */
export interface Comparison {
  load: string
  measure: string
  against: string
  /** Block by block; a count has one. */
  ratios: readonly number[]
}

export type Verdict = 'ahead' | 'behind' | 'even'

/** What is less than this apart is no difference: no run of a bench is exact to it. */
const evenWithin = 0.05

export function verdictOf({ ratios: all }: Comparison): Verdict {
  const [low, middle, high] = [quantile(all, 0.25), median(all), quantile(all, 0.75)]
  if (Math.abs(middle - 1) <= evenWithin || (low < 1 && high > 1)) return 'even'
  return middle < 1 ? 'ahead' : 'behind'
}

export const comparisonsOf = ({ workloads }: Results): Comparison[] =>
  workloads.flatMap((result) => {
    const ours = result.arms.find(({ name }) => name === 'ours')
    const others = result.arms.filter(({ name }) => /^(temporal\d|restate|dbos|plain)$/.test(name))
    return ours ? others.flatMap((other) => between(ours, other, result)) : []
  })

function between(ours: ArmResult, other: ArmResult, { title }: WorkloadResult): Comparison[] {
  const of = (measure: string, all: readonly number[]) => ({
    load: title,
    measure,
    against: other.title,
    ratios: all,
  })
  const counted = (measure: string, own: number | undefined, theirs: number | undefined) =>
    own !== undefined && theirs ? [of(measure, [own / theirs])] : []
  const late = (share: number) => [ours, other].map((arm) => quantile(latenessOf(arm), share))
  const told = ([own, theirs]: (number | undefined)[], name: string) =>
    own && theirs && own > 0 && theirs > 0 ? [of(`told of an end after (${name})`, [own / theirs])] : []
  return [
    of('wall time', ratios(wallOf(ours), wallOf(other))),
    of('CPU of all processes', ratios(allCpuOf(ours), allCpuOf(other))),
    ...counted('requests', requestsOf(ours.counts), requestsOf(other.counts)),
    ...counted('events', ours.counts.events, other.counts.events),
    ...told(late(0.5), 'p50'),
    ...told(late(0.99), 'p99'),
  ]
}
