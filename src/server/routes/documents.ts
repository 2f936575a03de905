import type { DocumentService } from '../services/documents.ts'
import { type Handlers, json, list } from './handler.ts'

type DocumentOperations = 'putDocument' | 'getDocument' | 'deleteDocument' | 'listDocuments'

export function documentHandlers(documents: DocumentService): Handlers<DocumentOperations> {
  return {
    putDocument: async ({ caller, params, body }) => json(await documents.put(caller, params, body)),
    async getDocument({ caller, params }) {
      const { entry, content } = await documents.get(caller, params)
      const fileName = entry.path.slice(entry.path.lastIndexOf('/') + 1)
      return {
        kind: 'bytes',
        content,
        mediaType: entry.media_type,
        fileName,
        headers: { ETag: `"${entry.sha256}"` },
      }
    },
    async deleteDocument({ caller, params }) {
      await documents.delete(caller, params)
      return json({ message: `Document ${params.collection}/${params.path} deleted` })
    },
    listDocuments: ({ caller, params }) => list(documents.list(caller, params.collection)),
  }
}
