// Runs once, in Jest's main process: one server for all test files.

const { startNotes } = require('./notes.js')

module.exports = async () => {
  const { server, url } = await startNotes()
  process.env.SHARED_URL = url // the workers start after this, and inherit it
  globalThis.sharedServer = server // global-teardown.js runs in this process too
}
