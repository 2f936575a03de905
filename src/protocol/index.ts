export * from './cancel.ts'
export * from './candidates.ts'
export * from './trigger.ts'
export type * from './trigger-types.ts'
