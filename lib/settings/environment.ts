// The environment variables, read in one place. Nothing below lib/settings touches process.env.

import type { Engine } from '../../binding.js'
import { builtin } from '../builtin.js'
import { asSystemError } from '../errors.js'
import { OPTIONS, OTHER_VARIABLES, SETTINGS, type Setting, type VariableName } from './table.js'

const NAMES: readonly VariableName[] = [
  ...OPTIONS.flatMap((option) => {
    const { variable, site }: Setting = SETTINGS[option]
    return [variable, site].filter((name) => name !== undefined) as VariableName[]
  }),
  ...OTHER_VARIABLES,
]

/** The variables that are set. An empty one is not: Windows cannot tell the two apart. */
export type Environment = Readonly<Partial<Record<VariableName, string>>>

let last: Environment | undefined
let lastGeneration: number | undefined

/** The variables as they are now; the same object as before when none has changed. */
export function readEnvironment(engine: Engine): Environment {
  // From the second call on: a program that asks once just reads the variables.
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

/** A variable of any name, as it is now. An empty one is not set. */
export function readVariable(name: string): string | undefined {
  try {
    return process.env[name] || undefined
  } catch (error) {
    throw asSystemError(error) // a permission of Deno's
  }
}

/** Sets a variable that the process and its descendants share. */
export function setSharedVariable(name: string, value: string): void {
  process.env[name] = value
}

/** All variables, and one more, for another process. */
export function environmentWith(name: string, value: string): NodeJS.ProcessEnv {
  return { ...process.env, [name]: value }
}

/** The value of `PORT4ME_ENGINE`, which is needed before there is an engine. */
export function engineVariable(): string | undefined {
  return readVariable('PORT4ME_ENGINE')
}

let checked: { readonly source: NodeJS.ProcessEnv; readonly genuine: boolean } | undefined

/**
 * Whether an object is the environment that Node.js reads itself, and not a copy of it, as Jest makes
 * one for its VM contexts, or one that a program put in `process.env`.
 */
function isProcessEnvironment(source: NodeJS.ProcessEnv): boolean {
  if (checked?.source !== source) checked = { source, genuine: isGenuine(source) }
  return checked.genuine
}

function isGenuine(source: NodeJS.ProcessEnv): boolean {
  // Bun keeps what is written to it to itself.
  const { types } = builtin('node:util')
  if (types.isProxy(source) || process.versions.bun !== undefined) return false
  // The genuine one, alone, refuses symbols with an exception (doc/api/process.md, process.env).
  const key = Symbol('port4me')
  try {
    if (Reflect.set(source, key, '')) Reflect.deleteProperty(source, key)
    return false
  } catch {
    return true
  }
}
