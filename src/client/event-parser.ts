/** One server-sent event, as it was sent. */
export interface SentEvent {
  event: string
  id: string | undefined
  data: string
}

/** Takes text in pieces, however they were cut, and gives whole events; what a stream breaks off in is none. */
export interface EventParser {
  push(text: string): SentEvent[]
  /** What the server asked for, in milliseconds. */
  retryMs(): number | undefined
}

/** The WHATWG's event stream, as far as this API uses it. */
export function createEventParser(): EventParser {
  let rest = ''
  let retry: number | undefined
  let fields: { event?: string; id?: string; data: string[] } = { data: [] }

  const takeLine = (line: string): SentEvent | undefined => {
    if (line === '') {
      const { event = 'message', id, data } = fields
      fields = { data: [] }
      return data.length === 0 ? undefined : { event, id, data: data.join('\n') }
    }
    const [, name = '', value = ''] = /^([^:]*)(?::\x20?(.*))?$/s.exec(line) ?? []
    if (name === 'event') fields.event = value
    else if (name === 'id') fields.id = value
    else if (name === 'data') fields.data.push(value)
    else if (name === 'retry' && /^\d+$/.test(value)) retry = Number(value)
    return undefined
  }
  return {
    push(text) {
      rest += text
      // A CR at the end may be half of a line break.
      const lines = rest.split(/\r\n|\n|\r(?!$)/)
      rest = lines.pop() ?? ''
      return lines.flatMap((line) => takeLine(line) ?? [])
    },
    retryMs: () => retry,
  }
}
