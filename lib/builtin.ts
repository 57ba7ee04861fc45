// Modules of Node.js that are loaded at their first use.

/**
 * Loads a module of Node.js. Bundlers do not follow this call, so that it works in ESM too. Node.js has
 * process.getBuiltinModule() since 20.16. (To load node:module for its createRequire() takes a third of a millisecond.)
 */
export const builtin: typeof process.getBuiltinModule = process.getBuiltinModule ?? require
