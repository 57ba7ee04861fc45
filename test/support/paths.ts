import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url))

export const ROOT = path('../../')
export const PROGRAM = path('../../dist/port4me-cli.js')
export const OPENPORT = path('../../dist/openport-cli.js')
/** The addon that is loaded. The package looks for it in the folder that PORT4ME_PREBUILD names. */
export const ADDON = join(
  process.env.PORT4ME_PREBUILD ?? path('../../'),
  'build/Release/port4me.node',
)
export const NATIVE_TESTS = path('../../build/native_tests')
export const ORACLE = path('../../build/bind_oracle')
export const VECTORS = path('../vectors/port4me.jsonl')
