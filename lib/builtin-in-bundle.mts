// builtin.ts for bundles: ESM has no `require`.

import { createRequire } from 'node:module'

export const builtin: typeof process.getBuiltinModule =
  process.getBuiltinModule ?? createRequire(process.execPath)
