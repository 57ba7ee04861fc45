import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Notes, startNotes } from '../notes.js'

let notes: Notes
beforeAll(async () => {
  notes = await startNotes()
})
afterAll(() => notes.close())

test('a note that was put is got', async () => {
  await fetch(`${notes.url}/note`, { method: 'PUT', body: 'buy milk' })
  const response = await fetch(`${notes.url}/note`)
  expect(response.status).toBe(200)
  expect(await response.text()).toBe('buy milk')
})
