import type { Finding } from '../context.ts'
import { formatOf, painter } from './paint.ts'
import { escapeControl } from './text.ts'

/** `pipeline.yaml:7:3 error unknown_step message → fix`, a line a finding. */
export function findingLine(finding: Finding, color = false): string {
  const { file, line, column, severity, code, message, fix } = finding
  const hint = fix === '' ? '' : ` → ${fix}`
  const word = painter(color)(formatOf(severity), severity)
  return `${escapeControl(`${file}:${line}:${column}`)} ${word} ${escapeControl(`${code} ${message}${hint}`)}`
}

export function hasErrors(findings: Finding[]): boolean {
  return findings.some((finding) => finding.severity === 'error')
}
