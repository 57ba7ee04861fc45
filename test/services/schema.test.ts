// The JSON schema allows what the reader of declarations allows.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
// First, because here lib/later.ts is a cycle of imports: vitest.config.mts.
import '../../lib/settings/settings.js'
import { declaredServices } from '../../lib/services/declared.js'
import { ROOT } from '../support/paths.js'

interface Schema {
  readonly properties: object
  readonly $defs: {
    readonly service: { readonly anyOf: readonly { readonly properties?: object }[] }
  }
}

const schema = JSON.parse(readFileSync(join(ROOT, 'port4me.schema.json'), 'utf8')) as Schema

function message(content: object): string {
  const folder = mkdtempSync(join(tmpdir(), 'port4me-'))
  try {
    writeFileSync(join(folder, 'port4me.json'), JSON.stringify(content))
    declaredServices(folder)
    return ''
  } catch (error) {
    return (error as Error).message
  } finally {
    rmSync(folder, { recursive: true })
  }
}

test('both have the same keys', () => {
  const ofService = schema.$defs.service.anyOf.find(({ properties }) => properties)?.properties
  const listed = (text: string) =>
    text
      .match(/it may have (.*)$/)?.[1]
      ?.split(', ')
      .sort()
  expect(listed(message({ unknown: 1 }))).toEqual(Object.keys(schema.properties).sort())
  expect(listed(message({ services: { web: { unknown: 1 } } }))).toEqual(
    Object.keys(ofService ?? {}).sort(),
  )
})

test('the example of the documentation is right', () => {
  const services = {
    web: 3000,
    api: 4000,
    db: true,
    dns: { port: 5353, protocol: 'udp', env: 'DNS' },
  }
  expect(message({ $schema: './node_modules/port4me/port4me.schema.json', services })).toBe('')
})
