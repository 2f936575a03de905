export * from '../job-types/index.ts'
