import { JobwrightError } from '../../base/errors.ts'

export type AnalysisErrorCode =
  | 'no_documents'
  | 'documents_too_large'
  | 'document_not_utf8'
  | 'document_malformed'
  | 'missing_config'
  | 'no_metagraph'
  | 'metagraph_contended'

/** What keeps an analysis from its end. The message says where, and what was found. */
export function analysisError(code: AnalysisErrorCode, message: string, fix: string): JobwrightError {
  const fault = code === 'metagraph_contended' ? 'unreachable' : 'usage'
  return new JobwrightError({ code, fault, message, fix })
}

export function malformed(
  place: { document: string; line: number },
  found: string,
  fix: string,
): JobwrightError {
  return analysisError('document_malformed', `${place.document}:${place.line}: ${found}`, fix)
}
