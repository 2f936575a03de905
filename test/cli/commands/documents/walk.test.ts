import { mkdir, symlink, truncate, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { walkDocuments } from '../../../../src/cli/commands/documents/walk.ts'
import { withTempDir } from '../../helpers.ts'

async function write(directory: string, files: Record<string, string>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(directory, name)), { recursive: true })
    await writeFile(path.join(directory, name), content)
  }
}

describe('the documents of a directory', () => {
  test('are found in every folder, by path, with the media type of their extension', async () => {
    await withTempDir(async (directory) => {
      await write(directory, { 'b.TXT': '', 'a/deep/one.md': '', 'a.csv': '', 'z.json': '{}' })
      const { documents, skipped } = await walkDocuments(directory, 'docs')
      expect(documents.map(({ path, mediaType }) => [path, mediaType])).toEqual([
        ['a.csv', 'text/csv'],
        ['a/deep/one.md', 'text/markdown'],
        ['b.TXT', 'text/plain'],
        ['z.json', 'application/json'],
      ])
      expect(skipped).toEqual([])
    })
  })

  test('are all that the analysis reads', async () => {
    await withTempDir(async (directory) => {
      await write(directory, { 'a.markdown': '', 'b.text': '', 'c.tsv': '' })
      const { documents, skipped } = await walkDocuments(directory, 'docs')
      expect(documents.map(({ mediaType }) => mediaType)).toEqual([
        'text/markdown',
        'text/plain',
        'text/tab-separated-values',
      ])
      expect(skipped).toEqual([])
    })
  })

  test('leave out what is hidden and what is no document, and say so', async () => {
    await withTempDir(async (directory) => {
      await write(directory, { 'a.md': '', '.git/config.md': '', 'image.png': '' })
      const { documents, skipped } = await walkDocuments(directory, 'docs')
      expect(documents).toHaveLength(1)
      expect(skipped).toEqual([
        { path: '.git', reason: 'hidden' },
        { path: 'image.png', reason: 'not one of .md, .markdown, .txt, .text, .csv, .tsv, .json' },
      ])
    })
  })

  test('may be links to files of the same directory; links to its folders are not followed in circles', async () => {
    await withTempDir(async (directory) => {
      await write(directory, { 'a.md': 'text' })
      await symlink('a.md', path.join(directory, 'b.md'))
      await symlink('.', path.join(directory, 'loop'))
      await mkdir(path.join(directory, 'sub'))
      await symlink('../sub', path.join(directory, 'sub', 'again'))
      const { documents, skipped } = await walkDocuments(directory, 'docs')
      expect(documents.map((document) => document.path)).toEqual(['a.md', 'b.md'])
      expect(skipped.map((one) => one.path)).toEqual(['loop', 'sub/again'])
    })
  })

  test('are refused, all with their paths, when links lead out or nowhere, or a file is too large', async () => {
    await withTempDir(async (outer) => {
      const directory = path.join(outer, 'docs')
      // A neighbour whose name begins the same is outside all the same.
      await write(outer, { 'docs/a.md': '', 'docs-private/secret.md': 'secret', 'docs/huge.md': '' })
      await truncate(path.join(directory, 'huge.md'), 17 * 1024 * 1024)
      await symlink('../docs-private/secret.md', path.join(directory, 'file.md'))
      await symlink('../docs-private', path.join(directory, 'folder'))
      await symlink('nothing.md', path.join(directory, 'broken.md'))
      const refused = walkDocuments(directory, 'docs')
      await expect(refused).rejects.toMatchObject({ code: 'bad_documents', fault: 'usage' })
      const message = await refused.catch((error: Error) => error.message)
      expect(message).toContain('file.md is a symbolic link out of docs')
      expect(message).toContain('folder is a symbolic link out of docs')
      expect(message).toContain('broken.md is a symbolic link to nothing')
      expect(message).toContain('huge.md has 17.0 MiB; at most 16.0 MiB are stored')
    })
  })

  test.skipIf(process.platform !== 'linux')(
    'that cannot be read, as names that are not UTF-8 cannot, are named together',
    async () => {
      await withTempDir(async (directory) => {
        await write(directory, { 'a.md': '' })
        await writeFile(Buffer.from(`${directory}/file-\xff.md`, 'latin1'), '')
        await mkdir(Buffer.from(`${directory}/folder-\xff`, 'latin1'))
        const error = await walkDocuments(directory, 'docs').catch((problem: unknown) => problem)
        expect(error).toMatchObject({ code: 'bad_documents' })
        expect(String(error)).toMatch(/file-.*\.md cannot be read \(ENOENT\)/)
        expect(String(error)).toMatch(/folder-.* cannot be read \(ENOENT\)/)
      })
    },
  )
})
