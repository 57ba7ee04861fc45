// The environment variables. No other file uses process.env.

import type { Engine } from '../../binding.js'
import { builtin } from '../builtin.js'
import { asSystemError } from '../errors.js'
import { OPTIONS, OTHER_VARIABLES, SETTINGS, type Setting, type VariableName } from './table.js'

const NAMES: VariableName[] = [...OTHER_VARIABLES]
for (const option of OPTIONS) {
  const { variable, site }: Setting = SETTINGS[option]
  if (variable !== undefined) NAMES.push(variable as VariableName)
  if (site !== undefined) NAMES.push(site as VariableName)
}

/** The variables that are set. An empty variable counts as not set, because Windows cannot tell the two apart. */
export type Environment = Readonly<Partial<Record<VariableName, string>>>

let last: Environment | undefined
let lastGeneration: number | undefined

/** The current variables. It is the same object as before if none has changed. */
export function readEnvironment(engine: Engine): Environment {
  // The generation is used from the second call on. For a single call it is quicker to read the variables.
  const generation =
    last !== undefined && isProcessEnvironment(process.env)
      ? engine.environmentGeneration()
      : undefined
  if (last !== undefined && generation !== undefined && generation === lastGeneration) return last

  const now = readVariables()
  if (last === undefined || NAMES.some((name) => now[name] !== last?.[name])) last = now
  lastGeneration = generation
  return last
}

function readVariables(): Environment {
  const environment: Partial<Record<VariableName, string>> = {}
  for (const name of NAMES) {
    const value = readVariable(name)
    if (value !== undefined) environment[name] = value
  }
  return environment
}

/** The current value of any variable. An empty variable counts as not set. */
export function readVariable(name: string): string | undefined {
  try {
    return process.env[name] || undefined
  } catch (error) {
    throw asSystemError(error) // Deno: a permission is missing
  }
}

/** Sets a variable for this process and its descendants. */
export function setSharedVariable(name: string, value: string): void {
  process.env[name] = value
}

/** All variables and some more, for a child process. */
export function environmentWith(more: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  return { ...process.env, ...more }
}

/** The value of `PORT4ME_ENGINE`, which is needed before an engine is loaded. */
export function engineVariable(): string | undefined {
  return readVariable('PORT4ME_ENGINE')
}

let checked: { readonly source: NodeJS.ProcessEnv; readonly genuine: boolean } | undefined

/**
 * Whether `process.env` is the genuine object of Node.js. Jest replaces it with a copy in its VM contexts, and any
 * program may assign another object to it.
 */
function isProcessEnvironment(source: NodeJS.ProcessEnv): boolean {
  if (checked?.source !== source) checked = { source, genuine: isGenuine(source) }
  return checked.genuine
}

function isGenuine(source: NodeJS.ProcessEnv): boolean {
  // Bun does not write its process.env to the environment of the process.
  const { types } = builtin('node:util')
  if (types.isProxy(source) || process.versions.bun !== undefined) return false
  // Only the genuine object throws when a symbol is set (doc/api/process.md, process.env).
  const key = Symbol('port4me')
  try {
    if (Reflect.set(source, key, '')) Reflect.deleteProperty(source, key)
    return false
  } catch {
    return true
  }
}
