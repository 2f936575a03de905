import type { Load } from './load.ts'

/** What is measured, by name; a workload is a load in each block, and one to warm up. */
export interface Workload {
  name: string
  title: string
  load: Load
  warm: Load
  /** What requests, events and statements are counted on; left out: a block. */
  counted?: Load
  /** Whose arms take it: those over a Jobs API without length of its own, or whole stacks with our own API server. */
  kinds: readonly ArmKind[]
  /** Not among those of a short run. */
  isLong: boolean
}

export type ArmKind = 'orchestrator' | 'stack'

const instant = [1, 1] as const
const both: readonly ArmKind[] = ['orchestrator', 'stack']
const chain: Load = { shape: 'chain', steps: 10, runs: 10, atOnce: 1, durationMs: instant }
/** Spread over the interval at which others look, or they would seem to see ends earlier than they do. */
const tenSeconds = [9_000, 11_000] as const

export const workloads: readonly Workload[] = [
  {
    name: 'chain',
    title: 'Chains of 10 steps, one after another',
    load: chain,
    warm: { ...chain, runs: 15 },
    counted: { ...chain, runs: 2 },
    kinds: both,
    isLong: false,
  },
  {
    name: 'fan',
    title: 'A fan-out of 100',
    load: { shape: 'fan', steps: 100, runs: 1, atOnce: 1, durationMs: instant },
    warm: { shape: 'fan', steps: 100, runs: 1, atOnce: 1, durationMs: instant },
    kinds: both,
    isLong: false,
  },
  {
    name: 'chains',
    title: '20 chains of 10 steps at once',
    load: { ...chain, runs: 20, atOnce: 20 },
    warm: { ...chain, runs: 20, atOnce: 20 },
    kinds: both,
    isLong: true,
  },
  {
    name: 'hold-100',
    title: '100 runs of one step of 10 s at once',
    load: { shape: 'chain', steps: 1, runs: 100, atOnce: 100, durationMs: tenSeconds },
    warm: { shape: 'chain', steps: 1, runs: 20, atOnce: 20, durationMs: [1_500, 2_500] },
    kinds: both,
    isLong: true,
  },
  {
    name: 'hold-1000',
    title: '1,000 steps of 10 s at once, 500 in each of two fan-outs',
    load: { shape: 'fan', steps: 500, runs: 2, atOnce: 2, durationMs: tenSeconds },
    warm: { shape: 'fan', steps: 100, runs: 1, atOnce: 1, durationMs: [1_500, 2_500] },
    kinds: both,
    isLong: true,
  },
]
