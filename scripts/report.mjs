// Reads JUnit reports, as cargo-nextest and Playwright write them.
//   node scripts/report.mjs count REPORT           prints "PASSED FAILED SKIPPED"
//   node scripts/report.mjs slowest N REPORT...    prints the N tests that took longest, in seconds
//   node scripts/report.mjs failed REPORT...       prints the tests that failed, each with the beginning of its message
import { existsSync, readFileSync } from 'node:fs';

const [what, ...rest] = process.argv.slice(2);

const entities = { quot: '"', apos: "'", lt: '<', gt: '>', amp: '&' };
const resolved = (text) => text.replace(/&(\w+);/g, (whole, entity) => entities[entity] ?? whole);

/** An attribute of a tag, with its entities resolved; empty if there is none. */
const attribute = (tag, name) => resolved(tag.match(new RegExp(`\\s${name}="([^"]*)"`))?.[1] ?? '');

/** The name of a test, as both programs write it. */
const title = (tag) => `${attribute(tag, 'classname')} ${attribute(tag, 'name')}`;

const text = (file) => (existsSync(file) ? readFileSync(file, 'utf8') : '');
const tags = (file, name) => text(file).match(new RegExp(`<${name}\\b[^>]*>`, 'g')) ?? [];

if (what === 'count') {
  const suites = tags(rest[0], 'testsuite');
  const sum = (name) => suites.reduce((all, tag) => all + Number(attribute(tag, name)), 0);
  const [skipped, failed] = [sum('skipped'), sum('failures') + sum('errors')];
  console.log(sum('tests') - failed - skipped, failed, skipped);
} else if (what === 'slowest') {
  const [most, ...files] = rest;
  const tests = files.flatMap((file) => tags(file, 'testcase'));
  const rows = tests.map((tag) => [Number(attribute(tag, 'time')), title(tag)]);
  rows.sort(([one], [other]) => other - one);
  for (const [time, name] of rows.slice(0, Number(most))) console.log(`${time.toFixed(1).padStart(8)}  ${name}`);
} else if (what === 'failed') {
  const lines = 6;
  for (const file of rest) {
    // A test up to its end, or up to the next one where it has nothing inside.
    for (const test of text(file).split(/(?=<testcase\b)/).slice(1)) {
      const failure = test.match(/<(?:failure|error)\b([^>]*)>([^]*?)<\/(?:failure|error)>/);
      if (!failure) continue;
      const inside = failure[2].replace(/^\s*<!\[CDATA\[|\]\]>\s*$/g, '');
      const said = resolved(inside).split('\n').filter((line) => line.trim() !== '');
      console.log([title(test), ...said.slice(0, lines).map((line) => `    ${line.trim().slice(0, 200)}`)].join('\n'));
    }
  }
} else {
  console.error('usage: node scripts/report.mjs count REPORT | slowest N REPORT... | failed REPORT...');
  process.exit(2);
}
