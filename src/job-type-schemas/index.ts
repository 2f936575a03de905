export { type SchemaDrift, schemaDrift } from './drift.ts'
export { essenceOf, type JobTypeEssence, jobTypeDigest } from './essence.ts'
export { readTypesFile, typesFile } from './types-file.ts'
