// Runs before `npm publish`, and in the release workflow. Refuses to publish a package whose fields are not ready.
// `npm publish --dry-run` only says what it would refuse.

import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const read = (file) => readFileSync(fileURLToPath(new URL(`../${file}`, import.meta.url)), 'utf8')

/** Stands for the owner of the repository, until `sed` replaces it: see CONTRIBUTING.md. */
const PLACEHOLDER = 'PORT4ME-OWNER'

const manifest = JSON.parse(read('package.json'))
const { version, publishConfig } = manifest
const problems = []

const unset = Object.entries(manifest).filter(([, value]) =>
  JSON.stringify(value).includes(PLACEHOLDER),
)
if (unset.length > 0) {
  const names = unset.map(([name]) => name).join(', ')
  problems.push(
    `package.json: ${names} still contain the placeholder ${PLACEHOLDER}. Set it: sed -i 's/${PLACEHOLDER}/NAME/g' package.json package-lock.json`,
  )
}

// npm gives the tag `latest` to each version that is published without a tag, also to one that comes before a release.
const tag = version.includes('-') ? 'next' : 'latest'
if (publishConfig.tag !== tag) {
  problems.push(
    `package.json: publishConfig.tag is '${publishConfig.tag}', but version ${version} must have the tag '${tag}'`,
  )
}

if (
  !read('CHANGELOG.md')
    .split('\n')
    .some((line) => line.startsWith(`## ${version} `))
) {
  problems.push(`CHANGELOG.md has no heading '## ${version} (DATE)'`)
}

const isDryRun = process.env.npm_config_dry_run === 'true'
for (const problem of problems) console.log(isDryRun ? `would not publish: ${problem}` : problem)
process.exit(problems.length === 0 || isDryRun ? 0 : 1)
