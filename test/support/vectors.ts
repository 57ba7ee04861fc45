import { readFileSync } from 'node:fs'
import { VECTORS } from './paths.js'

export interface Vector {
  readonly env: Readonly<Record<string, string>>
  readonly list: number
  readonly ports: readonly number[]
}

export const vectors: readonly Vector[] = readFileSync(VECTORS, 'utf8')
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line) as Vector)
