import type { ConfigChecker } from '../../config-schema/index.ts'
import type { JobTypeSchemaEntry } from '../../contract/index.ts'
import type { Ids, ScopeShape, ValueShape } from '../../expressions/index.ts'
import type { MapEntry } from '../nodes/nodes.ts'
import type { PlanStep, PlanValue } from '../plan/types.ts'

/** What a file's `defaults` and the built-in ones amount to. */
export interface StepDefaults {
  timeoutMs?: number
  retry: PlanStep['retry']
}

/** Everything around one step. */
export interface StepSite {
  /** The pipeline's name. */
  pipeline: string
  step: MapEntry
  needs: readonly string[]
  /** What it may read, and what may not be done when it starts. */
  early: Ids
  shape: ScopeShape
  defaults: StepDefaults
  jobTypes?: readonly JobTypeSchemaEntry[]
  /** The server may have others. */
  mayHaveOthers: boolean
  configs: ConfigChecker
}

/** A `for_each` as a plan's value, and what is known of its items. */
export interface ForEach {
  value: PlanValue
  /** Any of them. */
  item: ValueShape | undefined
  /** One by one, when they stand in the file. */
  items: readonly ValueShape[]
}
