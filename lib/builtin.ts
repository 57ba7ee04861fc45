// Modules of Node.js that are loaded at their first use.

import { createRequire } from 'node:module'

/**
 * Loads a module of Node.js. A bundler leaves this call alone, where it would make one of `require` fail in ESM.
 * (Node.js has process.getBuiltinModule() from 20.16 on.)
 */
export const builtin: typeof process.getBuiltinModule =
  process.getBuiltinModule ?? createRequire(process.execPath)
