// Tests the reading of the ranges that Windows excludes, with output of netsh.

import { expect, test } from 'vitest'
import { excludedRange, rangeIn } from '../../lib/holders/excluded.js'

const ENGLISH = `
Protocol tcp Port Exclusion Ranges

Start Port    End Port      
----------    --------      
      5357        5357      
     50000       50059     *
     61117       61216      

* - Administered port exclusions.

`.replaceAll('\n', '\r\n')

const GERMAN = `
Portausschlussbereiche für Protokoll "tcp"

Startport   Endport
----------    --------
        80          80
     50000       50059     *

* - Verwaltete Portausschlüsse.
`.replaceAll('\n', '\r\n')

test.each([
  [ENGLISH, 5357, { first: 5357, last: 5357 }],
  [ENGLISH, 50_000, { first: 50_000, last: 50_059 }],
  [ENGLISH, 50_059, { first: 50_000, last: 50_059 }],
  [ENGLISH, 61_150, { first: 61_117, last: 61_216 }],
  [ENGLISH, 5356, undefined],
  [ENGLISH, 50_060, undefined],
  [ENGLISH, 61_217, undefined],
  [GERMAN, 80, { first: 80, last: 80 }],
  [GERMAN, 50_001, { first: 50_000, last: 50_059 }],
  ['', 80, undefined],
  ['The following command was not found.\r\n', 80, undefined],
])('finds the range of a port %#', (text, port, range) => {
  expect(rangeIn(text, port)).toEqual(range)
})

test.skipIf(process.platform === 'win32')('elsewhere no port is excluded', () => {
  expect(excludedRange(80, 'tcp')).toBeUndefined()
})
