/** `text/markdown` of `Text/Markdown; charset=utf-8`. */
export function bareMediaType(mediaType: string): string {
  return mediaType.split(';', 1)[0]?.trim().toLowerCase() ?? ''
}

/** Whether an output says of itself that it is JSON. */
export function isJsonMediaType(mediaType: string): boolean {
  const type = bareMediaType(mediaType)
  return type === 'application/json' || type.endsWith('+json')
}
