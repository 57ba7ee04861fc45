// Runs once, in Vitest's main process: one server for all test files.

import type { TestProject } from 'vitest/node'
import { startNotes } from './notes.js'

declare module 'vitest' {
  interface ProvidedContext {
    sharedUrl: string
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const notes = await startNotes()
  project.provide('sharedUrl', notes.url)
  return notes.close
}
