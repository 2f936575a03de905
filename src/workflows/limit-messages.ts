import { defineQuery, defineSignal } from '@temporalio/workflow'
import { queryNames, signalNames } from '../contract/names.ts'
import type { LimitAsk, LimitNews, LimitView } from '../limit/index.ts'

/** To `keepLimit`. */
export const askPlaceSignal = defineSignal<[LimitAsk]>(signalNames.askPlace)
export const leavePlaceSignal = defineSignal<[{ token: string }]>(signalNames.leavePlace)
export const limitQuery = defineQuery<LimitView>(queryNames.limit)

/** To a pipeline run that asked. */
export const limitNewsSignal = defineSignal<[LimitNewsFrom]>(signalNames.limitNews)

export interface LimitNewsFrom extends LimitNews {
  /** The workflow that keeps the limit. */
  limitId: string
}
