/** @type {import('jest').Config} */
module.exports = {
  globalSetup: './global-setup.js',
  globalTeardown: './global-teardown.js',
  maxWorkers: 4,
  // Jest runs files that it knows to be quick in one process; it forgets, without a cache.
  cache: false,
  transform: {},
}
