/** An object of which no key is there with the value undefined; a key that might be is optional. */
export type Present<T> = { [K in keyof T]: Exclude<T[K], undefined> }

/** Copies without the keys whose value is undefined: with `exactOptionalPropertyTypes` absent and undefined differ. */
export function present<T extends object>(fields: T): Present<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Present<T>
}
