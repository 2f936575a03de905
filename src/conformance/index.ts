export { type ConformOptions, conform } from './conform.ts'
export type { Made, Measurements, Profile, Report, Result, Verdict } from './types.ts'
