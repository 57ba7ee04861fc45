import { expect, test } from 'vitest'
import { portBits } from '../../lib/settings/port-bits.js'
import { addPortSpec, type PortIntervals } from '../../lib/settings/port-spec.js'
import { CHROME_UNSAFE_PORTS, FIREFOX_UNSAFE_PORTS } from '../../lib/settings/unsafe-port-lists.js'
import { UNSAFE_PORTS } from '../../lib/settings/unsafe-ports.js'

test('UNSAFE_PORTS has the ports of both lists', () => {
  const ofTexts: PortIntervals = []
  for (const list of [CHROME_UNSAFE_PORTS, FIREFOX_UNSAFE_PORTS]) {
    addPortSpec(ofTexts, list, 'list', () => undefined)
  }
  expect(portBits([...UNSAFE_PORTS], [])).toEqual(portBits(ofTexts, []))
})
