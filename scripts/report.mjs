// Reads JUnit reports, as cargo-nextest and Playwright write them.
//   node scripts/report.mjs count REPORT           prints "PASSED FAILED SKIPPED"
//   node scripts/report.mjs slowest N REPORT...    prints the N tests that took longest, in seconds
import { existsSync, readFileSync } from 'node:fs';

const [what, ...rest] = process.argv.slice(2);

/** An attribute of a tag, with its entities resolved; empty if there is none. */
function attribute(tag, name) {
  const entities = { quot: '"', apos: "'", lt: '<', gt: '>', amp: '&' };
  const text = tag.match(new RegExp(`\\s${name}="([^"]*)"`))?.[1] ?? '';
  return text.replace(/&(\w+);/g, (whole, entity) => entities[entity] ?? whole);
}

const tags = (file, name) => (existsSync(file) ? (readFileSync(file, 'utf8').match(new RegExp(`<${name}\\b[^>]*>`, 'g')) ?? []) : []);

if (what === 'count') {
  const suites = tags(rest[0], 'testsuite');
  const sum = (name) => suites.reduce((all, tag) => all + Number(attribute(tag, name)), 0);
  const [skipped, failed] = [sum('skipped'), sum('failures') + sum('errors')];
  console.log(sum('tests') - failed - skipped, failed, skipped);
} else if (what === 'slowest') {
  const [most, ...files] = rest;
  const tests = files.flatMap((file) => tags(file, 'testcase'));
  const rows = tests.map((tag) => [Number(attribute(tag, 'time')), `${attribute(tag, 'classname')} ${attribute(tag, 'name')}`]);
  rows.sort(([one], [other]) => other - one);
  for (const [time, name] of rows.slice(0, Number(most))) console.log(`${time.toFixed(1).padStart(8)}  ${name}`);
} else {
  console.error('usage: node scripts/report.mjs count REPORT | slowest N REPORT...');
  process.exit(2);
}
