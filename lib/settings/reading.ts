// Reads each kind of setting from an option, or else from its variable.

import { later } from '../later.js'
import type { Environment } from './environment.js'
import { optionValue } from './options.js'
import type { Source } from './settings.js'
import { OPTIONS, type Option, SETTINGS, type Setting, type Values } from './table.js'

/** A value and where it was read; undefined if it is not set. */
export type Sourced = { readonly value: unknown; readonly source: string } | undefined

/** The value of an option, or else of its variable. */
export function sourced({ options: values, environment, nameOf }: Source, option: Option): Sourced {
  const value = optionValue(values, option)
  if (value !== undefined) return { value, source: nameOf(option) }
  const { variable }: Setting = SETTINGS[option]
  const text = variable === undefined ? undefined : environment[variable as keyof Environment]
  return text === undefined ? undefined : { value: text, source: variable as string }
}

/** Whether one of these options, or its variable, is set. */
export function isAnySet(options: readonly Option[], source: Source): boolean {
  for (const option of options) if (sourced(source, option) !== undefined) return true
  return false
}

/** The settings of the part `values`, from which nothing else is worked out. */
export function readValues(source: Source): Values {
  const values: Record<string, unknown> = {}
  for (const option of OPTIONS) {
    const setting: Setting = SETTINGS[option]
    if (setting.part === 'values') values[option] = readValue(setting, option, source)
  }
  return values as Values
}

function readValue(setting: Setting, option: Option, source: Source): unknown {
  const value = optionValue(source.options, option)
  if (value !== undefined) return later().fromOption(setting, value, source.nameOf(option))
  const { variable } = setting
  const text =
    variable === undefined ? undefined : source.environment[variable as keyof Environment]
  return text === undefined ? setting.default : later().fromText(setting, text, variable as string)
}
