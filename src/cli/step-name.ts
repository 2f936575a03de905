import { usageError } from './errors.ts'
import { escapeControl } from './output/text.ts'

/** A step, or one item of it, as it is typed. */
export interface StepName {
  step: string
  /** 0-based. */
  item?: number | undefined
}

/** `STEP` or `STEP[ITEM]`. @throws JobwrightError `bad_step` */
export function parseStepName(text: string): StepName {
  const [, step, item] = /^([^[\]]+)(?:\[(\d{1,9})\])?$/.exec(text) ?? []
  if (step === undefined)
    throw usageError(
      'bad_step',
      `${escapeControl(text)}: expected STEP or STEP[ITEM]`,
      'for example tickets[3]',
    )
  return { step, ...(item === undefined ? {} : { item: Number(item) }) }
}
