/** The documents that the analysis reads, and the command line stores: media types by extension. */
const mediaTypes = {
  '.md': 'text/markdown',
  '.markdown': 'text/markdown',
  '.txt': 'text/plain',
  '.text': 'text/plain',
  '.csv': 'text/csv',
  '.tsv': 'text/tab-separated-values',
  '.json': 'application/json',
} as const

export type DocumentMediaType = (typeof mediaTypes)[keyof typeof mediaTypes]

/** For people: `.md, .markdown, …`. */
export const documentExtensions = Object.keys(mediaTypes).join(', ')

/** By the extension of a path, in upper or lower case; undefined for one that is no document. */
export function documentMediaType(path: string): DocumentMediaType | undefined {
  const extension = /\.[^./]+$/.exec(path)?.[0].toLowerCase() ?? ''
  return Object.hasOwn(mediaTypes, extension) ? mediaTypes[extension as keyof typeof mediaTypes] : undefined
}
