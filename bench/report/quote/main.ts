// Writes the figures of the reference run into the documents that quote them: node dist/bench/report/quote/main.js
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Report } from '../schema.js'
import { libraryFolder } from '../../measure/paths.js'
import { DOCUMENTS, figuresOf } from './figures.js'
import { rewrite } from './regions.js'

const path = (name: string): string => join(libraryFolder, name)
const report = JSON.parse(readFileSync(path('bench/results/compare.json'), 'utf8')) as Report
for (const document of DOCUMENTS) {
  const text = readFileSync(path(document), 'utf8')
  const now = rewrite(text, figuresOf(report))
  writeFileSync(path(document), now)
  console.log(`${document}: ${now === text ? 'as it was' : 'written'}`)
}
