import type { SecretReference } from '../contract/jobs/references.ts'

/**
 * Stands in a config for a secret of that name: its value is filled in where the handler runs, or right before it is sent, and is in
 * no history. Inside text: `{ $template: ['Bearer ', secret('TOKEN')] }`.
 */
export function secret(name: string): SecretReference {
  return { $secret: name }
}
