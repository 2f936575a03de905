export * from './backfill.ts'
export * from './definition.ts'
