import type { Caller } from './caller.ts'

export interface TokenOwner extends Caller {
  kind: 'user' | 'worker'
}

export interface Tokens {
  find(sha256: string): Promise<TokenOwner | undefined>
  ensure(sha256: string, owner: TokenOwner): Promise<void>
}
