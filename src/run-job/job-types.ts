/**
 * Configs and outputs of the job types of a server, by name. A file that `jobwright types` writes fills it in:
 * `declare module 'jobwright' { interface JobTypes { resize: { config: …; outputs: … } } }`.
 */
// biome-ignore lint/suspicious/noEmptyInterface: others add to it
export interface JobTypes {}
