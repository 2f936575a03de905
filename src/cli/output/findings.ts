import type { Finding } from '../context.ts'
import { escapeControl } from './text.ts'

/** `pipeline.yaml:7:3 error unknown_step message → fix`, a line a finding. */
export function findingLine(finding: Finding): string {
  const { file, line, column, severity, code, message, fix } = finding
  const hint = fix === '' ? '' : ` → ${fix}`
  return escapeControl(`${file}:${line}:${column} ${severity} ${code} ${message}${hint}`)
}

export function hasErrors(findings: Finding[]): boolean {
  return findings.some((finding) => finding.severity === 'error')
}
