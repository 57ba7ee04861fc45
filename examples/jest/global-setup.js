// Runs once, in Jest's main process: one server for all test files.

const { startNotes } = require('./notes.js')

module.exports = async () => {
  const notes = await startNotes()
  process.env.SHARED_URL = notes.url // the workers start after this, and inherit it
  globalThis.sharedNotes = notes // for global-teardown.js, which runs in this process too
}
