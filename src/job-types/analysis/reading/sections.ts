import type { ParsedDocument, Section } from '../parse/types.ts'

const aside =
  /^(?:\d[\d.]* )?(?:(?:document |revision |change |amendment |version )+(?:history|log|record|status|list|control)|changes|change history|references|(?:applicable|reference|related)(?: and (?:applicable|reference))? documents|abbreviations.*|acronyms.*|glossary|definitions(?: and .*)?|terms.*|table of contents|contents|distribution(?: list)?|approvals?|signatures|legend)$/i

/** True in parts of a document that speak about documents and words, not about the system. */
export function isAside(section: Section | undefined): boolean {
  for (let current = section; current !== undefined; current = current.parent)
    if (aside.test(current.title.trim())) return true
  return false
}

const testTitle =
  /\b(?:test|verification|qualification|acceptance|inspection)s?[ _-]+(?:\w+[ _-]+)?(?:report|results?|record|log|summary)\b|\btest[ _-]?(?:report|results?|log|data)\b/i

/** Documents that report what was measured: their prose states results, not design values. */
export function isTestReport(document: ParsedDocument): boolean {
  const title = document.sections[0]?.title ?? document.statements[0]?.text ?? ''
  return testTitle.test(document.path) || testTitle.test(title)
}
