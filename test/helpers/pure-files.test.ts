import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { pureFiles } from './pure-files.ts'

const leavesTraces =
  /node:(child_process|cluster|dgram|http|net|tls|worker_threads)|vi\.(mock|spyOn|stub|useFake)|globalThis|process\.(chdir|on|once)\(|process\.env\S* \??\??=[^=]/

it.each(pureFiles)('%s leaves nothing that another file could see', (file) => {
  const text = readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8')
  expect(leavesTraces.exec(text)?.[0]).toBeUndefined()
})
