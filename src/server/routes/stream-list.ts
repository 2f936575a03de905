import type { ListPage } from '../ports/index.ts'

/** Characters that are gathered before they are sent: a chunk a row would cost more than the rows. */
const chunkCharacters = 32 * 1024

/**
 * `{"items":[…],"count":N,"next_cursor":…}`, row by row: memory holds one chunk, and the rows come as fast as
 * the reader takes them. The first row is fetched before anything is answered, so that a list that cannot be
 * read is an error and not half an answer; one that fails later breaks the connection off.
 */
export async function streamList<T>(
  page: ListPage<T>,
  options: { bodyless: boolean; bare: boolean; onError: (error: unknown) => void },
): Promise<ReadableStream<Uint8Array> | null> {
  const rows = page.items[Symbol.asyncIterator]()
  const close = async () => {
    await rows.return?.()
  }
  let upcoming = await rows.next()
  // The answer to HEAD has no body, so nobody would ever read the rows to their end.
  if (options.bodyless) {
    await close()
    return null
  }
  const next = () => (options.bare ? '' : `,"next_cursor":${JSON.stringify(page.nextCursor())}`)
  const encoder = new TextEncoder()
  let count = 0
  let text = '{"items":['
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          while (!upcoming.done && text.length < chunkCharacters) {
            text += `${count === 0 ? '' : ','}${JSON.stringify(upcoming.value)}`
            count += 1
            upcoming = await rows.next()
          }
          if (upcoming.done) text += `],"count":${count}${next()}}`
          controller.enqueue(encoder.encode(text))
          text = ''
          if (upcoming.done) controller.close()
        } catch (error) {
          options.onError(error)
          controller.error(error)
        }
      },
      cancel: close,
    },
    { highWaterMark: 0 },
  )
}
