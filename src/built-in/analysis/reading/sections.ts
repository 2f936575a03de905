import type { ParsedDocument, Section } from '../parse/types.ts'

const asideTitle =
  /\b(?:revision|change) (?:history|log|record)\b|\bchange ?log\b|\bglossary\b|\babbreviations?\b|\bacronyms?\b|\breferences?\b|\b(?:applicable|reference) documents?\b|\bdistribution(?: list)?$|\b(?:table of )?contents\b|\bsignatures?\b|\bapprovals?\b|\bhistory\b|\blessons\b/i

/** Parts of a document that do not describe the design: histories, glossaries, references. */
export function isAside(section: Section | undefined): boolean {
  for (let at = section; at !== undefined; at = at.parent) if (asideTitle.test(at.title)) return true
  return false
}

/** A report tells what was seen; what it measures is not what the design is. */
export function isTestReport({ path, sections }: ParsedDocument): boolean {
  const pattern =
    /\b(?:test|verification|qualification|acceptance|inspection)s?\b.*\b(?:reports?|results?|records?|log|summary|campaign)\b/i
  return pattern.test(path.replace(/[_/.-]+/g, ' ')) || pattern.test(sections[0]?.title ?? '')
}
