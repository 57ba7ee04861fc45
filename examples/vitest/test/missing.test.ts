import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Notes, startNotes } from '../notes.js'

let notes: Notes
beforeAll(async () => {
  notes = await startNotes()
})
afterAll(() => notes.close())

// The other files put a note of this name, at the same time: each to a server of its own.
test('there is no note at first', async () => {
  const response = await fetch(`${notes.url}/note`)
  expect(response.status).toBe(404)
})
