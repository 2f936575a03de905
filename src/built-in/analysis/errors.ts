export type AnalysisErrorCode =
  | 'no_documents'
  | 'documents_too_large'
  | 'document_not_utf8'
  | 'document_malformed'
  | 'missing_config'
  | 'no_metagraph'
  | 'metagraph_contended'

/** What keeps an analysis from its end. The message says where, what was found and what to do. */
export class AnalysisError extends Error {
  override readonly name = 'AnalysisError'
  readonly code: AnalysisErrorCode

  constructor(code: AnalysisErrorCode, message: string) {
    super(message)
    this.code = code
  }
}

export function malformed(
  place: { document: string; line: number },
  found: string,
  fix: string,
): AnalysisError {
  return new AnalysisError('document_malformed', `${place.document}:${place.line}: ${found}; ${fix}`)
}
