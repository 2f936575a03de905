import type { Command } from 'commander'
// Not the whole contract, whose schemas take a while to load.
import { documentExtensions } from '../contract/jobs/document-formats.ts'
import type { Bind } from './options.ts'

/** `jobwright documents …`: what handlers read. */
export function addDocumentCommands(program: Command, bind: Bind): void {
  const documents = program.command('documents').description('collections of documents on the server')
  documents
    .command('push <directory>')
    .description(`store the documents of a directory (${documentExtensions}) as a collection`)
    .requiredOption('--as <name>', 'name of the collection')
    .action(
      bind(
        async () => (await import('./commands/documents/push.ts')).documentPushHandler,
        ([directory = ''], options) => ({ directory, as: options.as as string }),
      ),
    )
  documents
    .command('list <collection>')
    .description('the documents of a collection')
    .action(
      bind(
        async () => (await import('./commands/documents/list.ts')).documentListHandler,
        ([collection = '']) => ({ collection }),
      ),
    )
  documents
    .command('get <collection> <path>')
    .description('one document, as it is')
    .action(
      bind(
        async () => (await import('./commands/documents/get.ts')).documentGetHandler,
        ([collection = '', path = '']) => ({ collection, path }),
      ),
    )
}
