// lib/later.ts for tests that import sources of lib/: these have no file rest.js beside them, as dist/ has.
// vitest.config.mts puts it in place.

import * as rest from '../../lib/rest.js'

export const later = () => rest
export const shareCore = () => {}
