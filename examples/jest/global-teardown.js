module.exports = () => globalThis.sharedNotes.close()
