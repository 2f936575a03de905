export { grpcStatus, grpcStatusOf, ifThere } from './failures.ts'
export { isTaskLost } from './lost-tasks.ts'
export { decodeHistory } from './payloads.ts'
export {
  attributePairs,
  type Belonging,
  runStartOptions,
  shortTaskMs,
  workflowTaskTimeoutMs,
} from './start-options.ts'
export { keepStarts, readStart, type Start } from './starts.ts'
export { isOpen } from './status.ts'
