export interface Page {
  limit?: number
  /** Opaque; made and read by the store only. */
  cursor?: string
}

/** A row with its place in the list, yielded one by one so that memory stays bounded. */
export interface ListPage<T> {
  items: AsyncIterable<T>
  /** Known only once `items` is exhausted; null on the last page or without `limit`. */
  nextCursor(): string | null
}
