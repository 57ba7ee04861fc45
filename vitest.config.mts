import { fileURLToPath } from 'node:url'
import { configDefaults, defineConfig } from 'vitest/config'

// The tests of the public functions and programs run with both engines, on the built package. The other tests run once.
// Tests that take minutes are separate projects: npm run test:stress, test:platforms, test:environments,
// test:site.
const api = ['test/{api,cli,faults,processes}/**/*.test.ts']
// Tests of services and of all ports. Between other programs that hold thousands of ports (npm run test:crowded) the first
// candidates of a service are often taken, and these tests would test the others instead of the package.
const needRoom = [
  ...['test/*/services.test.ts', 'test/cli/who.test.ts', 'test/cli/map.test.ts'],
  ...['test/faults/holders.test.ts', 'test/package/demo.test.ts'],
]
// The pages of the documentation run in networks of their own, where no other program is.
const alone = ['test/docs/**']
const common = {
  exclude: [
    ...configDefaults.exclude,
    ...(process.env.TESTS_CROWDED === undefined ? [] : [...needRoom, ...alone]),
  ],
  setupFiles: ['test/support/own-user.ts'],
  testTimeout: 120_000,
  // On a network that the tests share (scripts/test.mjs), another program may take or probe a port between two steps of a
  // test. Such a test runs again. On a network of their own, as with npm test on Linux, no test does.
  retry: process.env.TESTS_SHARE_NETWORK === undefined ? 0 : 2,
}

const later = fileURLToPath(new URL('test/support/later.ts', import.meta.url))

export default defineConfig({
  resolve: { alias: [{ find: /^.*\/later\.js$/, replacement: later }] },
  test: {
    globalSetup: ['test/support/up-to-date.mjs'],
    projects: [
      {
        extends: true,
        test: {
          ...common,
          name: 'unit',
          include: [
            'test/{native,contract,docs,holders,services,settings,package,examples}/**/*.test.ts',
          ],
          execArgv: ['--expose-gc'],
        },
      },
      { test: { ...common, name: 'native', include: api, env: { PORT4ME_ENGINE: 'native' } } },
      { test: { ...common, name: 'fallback', include: api, env: { PORT4ME_ENGINE: 'fallback' } } },
      {
        extends: true,
        test: { ...common, name: 'platforms', include: ['test/platforms/**/*.test.ts'] },
      },
      { test: { ...common, name: 'environments', include: ['test/environments/*.test.ts'] } },
      { test: { ...common, name: 'site', include: ['test/site/*.test.ts'], retry: 0 } },
      { test: { ...common, name: 'stress', include: ['test/stress/**/*.test.ts'] } },
    ],
  },
})
