// Reads the JSON reports of Vitest in a folder. Prints the tests that failed, each with its error, then one line of
// counts. So nobody has to search the output of a long run for failures.
//
//   node scripts/report-counts.mjs FOLDER
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const LINES_OF_AN_ERROR = 30

const [folder] = process.argv.slice(2)
let [passed, failed, skipped] = [0, 0, 0]
for (const name of readdirSync(folder)) {
  const report = JSON.parse(readFileSync(join(folder, name), 'utf8'))
  passed += report.numPassedTests
  failed += report.numFailedTests
  skipped += report.numPendingTests + report.numTodoTests
  for (const file of report.testResults) {
    // A file that could not be loaded has an error, but no tests.
    if (file.status === 'failed' && file.message) printFailure(name, file.name, '', [file.message])
    for (const test of file.assertionResults) {
      if (test.status === 'failed')
        printFailure(name, file.name, test.fullName, test.failureMessages)
    }
  }
}
console.log(`${passed} passed, ${failed} failed${skipped ? `, ${skipped} skipped` : ''}`)

function printFailure(report, file, test, messages) {
  const lines = messages.join('\n').split('\n')
  console.log(`FAILED in ${report}: ${file}: ${test}`)
  for (const line of lines.slice(0, LINES_OF_AN_ERROR)) console.log(`  ${line}`)
}
