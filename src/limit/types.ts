import type { WhenFull } from '../contract/pipelines/status.ts'

/** Which step of a pipeline run a place is for; absent where it is for the run as a whole. */
export interface PlaceOfStep {
  step: string
  /** null outside `for_each`. */
  item: number | null
  generation: number
}

/** Somebody asks for a place under a key. The same token is the same ask, however often it comes. */
export interface LimitAsk {
  token: string
  /** The pipeline run that asks: its workflow id, and what tells it from another one that had this id. */
  run: string
  firstExecutionRunId: string
  of?: PlaceOfStep
  limit: number
  /** 1 goes first. */
  priority: number
  whenFull: WhenFull
}

export interface LimitWaiter extends LimitAsk {
  /** In the order of arrival. */
  arrival: number
  sinceMs: number
}

export interface LimitHolder extends LimitWaiter {
  /** It was told to make room, and has not left yet. */
  isLeaving?: true
}

/** What is to be told to a run that asked. `superseded`: give the place back; `refused`: there will be none. */
export interface LimitNews {
  token: string
  kind: 'granted' | 'refused' | 'superseded'
  /** The run that the place is for instead, or that has it. */
  by?: string
}

/** News on its way. */
export interface LimitLetter {
  id: number
  to: Pick<LimitAsk, 'run' | 'of'>
  news: LimitNews
}

/** Who has places under a key, and who waits for one: plain JSON, carried across continue-as-new. */
export interface LimitState {
  /** Of the newest ask; it holds for the places that are given from then on. */
  limit: number
  holders: LimitHolder[]
  waiting: LimitWaiter[]
  /** Told as soon as can be, in any order. */
  letters: LimitLetter[]
  nextArrival: number
  nextLetter: number
}
