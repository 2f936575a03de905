/** An idempotency key of one route, with the hash of the canonical body it was first sent with. */
export interface IdempotencyKey {
  key: string
  requestHash: string
}

/** `replayed`: what the first request made, as it is now. `reused`: same key, other body. `barred`: cancelled before it was ever used. */
export type Keyed<T> =
  | { outcome: 'created' | 'replayed'; value: T }
  | { outcome: 'reused' }
  | { outcome: 'barred' }
