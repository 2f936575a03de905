import type { MetagraphService } from '../services/metagraphs.ts'
import { type Handlers, json } from './handler.ts'

export function metagraphHandlers(metagraphs: MetagraphService): Handlers<'getMetagraph' | 'putMetagraph'> {
  return {
    async getMetagraph({ caller, params }) {
      const { graph, etag } = await metagraphs.get(caller, params.system)
      return json(graph, { ETag: etag })
    },
    async putMetagraph({ caller, params, body, header }) {
      const preconditions = { ifMatch: header('If-Match'), ifNoneMatch: header('If-None-Match') }
      const { graph, etag } = await metagraphs.put(caller, params.system, body, preconditions)
      return json(graph, { ETag: etag })
    },
  }
}
