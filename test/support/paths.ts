import { fileURLToPath } from 'node:url'

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url))

export const ROOT = path('../../')
export const PROGRAM = path('../../dist/port4me-cli.js')
export const OPENPORT = path('../../dist/openport-cli.js')
export const ADDON = path('../../build/Release/port4me.node')
export const NATIVE_TESTS = path('../../build/native_tests')
export const ORACLE = path('../../build/bind_oracle')
export const VECTORS = path('../vectors/port4me.jsonl')
