export { readSecret } from './read-secret.ts'
export { createRedactor, type Redactor, shortestSecret } from './redactor.ts'
export { type ReferenceSources, resolveObject } from './resolve.ts'
