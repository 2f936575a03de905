export * from './decide.ts'
export * from './messages.ts'
export * from './types.ts'
