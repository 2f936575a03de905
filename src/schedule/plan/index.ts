export * from './backfill.ts'
export * from './definition.ts'
export * from './ledger.ts'
export * from './state.ts'
