// Loads modules of Node.js at their first use.

/**
 * Loads a module of Node.js. Bundlers do not follow this call, so it works in ESM too. process.getBuiltinModule()
 * exists since Node.js 20.16. Before, `require` does the same. createRequire() is not used here, because
 * to load node:module takes a third of a millisecond.
 */
export const builtin: typeof process.getBuiltinModule = process.getBuiltinModule ?? require
