// The questions of binding.d.ts, by name.

import type { Host, Question } from '../binding.js'

const TCP = 1
const IPV4 = 4
const IPV6 = 8

export const TCP_ON_BOTH_FAMILIES: Question = TCP | IPV4 | IPV6

/** Every address of the machine. */
export const EVERYWHERE: Host = ''
