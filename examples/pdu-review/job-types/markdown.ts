import type { Issue } from './shapes.ts'

/** Text of a document as Markdown that shows it as it is: on one line, and nothing in it is markup. */
export function escapeMarkdown(text: string): string {
  return oneLine(text).replace(/[\\`*_[\]<>#|~]/g, '\\$&')
}

/** A code span that its own text cannot end. */
export function codeSpan(text: string): string {
  const content = oneLine(text)
  const runs = content.match(/`+/g) ?? []
  const fence = '`'.repeat(1 + Math.max(0, ...runs.map((run) => run.length)))
  return runs.length === 0 ? `${fence}${content}${fence}` : `${fence} ${content} ${fence}`
}

/** The places where an issue can be checked, as a list. */
export function evidenceList({ evidence }: Pick<Issue, 'evidence'>): string {
  return evidence
    .map(({ document, line, text }) => `- ${codeSpan(`${document}:${line}`)}: ${codeSpan(text)}`)
    .join('\n')
}

const oneLine = (text: string): string => text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ').trim()
