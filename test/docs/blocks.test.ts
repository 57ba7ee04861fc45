// Runs the code blocks of README.md and docs/, as CONTRIBUTING.md says under "Code in the documentation".

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isRun, PAGES, readPage } from './markdown.js'
import { Place } from './place.js'

// Several pages run at the same time, each in its own network. The blocks of a page run one after another.
for (const { name, blocks, problems } of PAGES.map(readPage)) {
  describe.concurrent(name, () => {
    let place: Place
    beforeAll(async () => {
      place = await Place.open()
    })
    afterAll(() => place.close())

    test.sequential('has blocks with a language, and comments that are known', () => {
      expect(problems).toEqual([])
    })

    for (const block of blocks) {
      const { line, language, directive } = block
      if (directive.kind === 'not run') continue
      const what = isRun(block) ? 'does what it says' : 'is well-formed'
      test.sequential(`${name}:${line}: this ${language} ${what}`, () => place.run(block))
    }
  })
}
