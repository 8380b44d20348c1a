// A new user simulates a bad week and learns from it: a review, a threshold, a prevention step, and Monday's summary.
import { test as base, expect, live, Program, stumbles } from '../harness/test';

interface Entry {
  kind: string;
  actor: string;
}

// Before the fixture, which simulates the week.
base.describe.configure({ timeout: 180_000 });

const test = base.extend({
  calm: async ({}, use, info) => {
    const program = await Program.prepare();
    try {
      info.annotations.push({ type: 'said', description: await program.simulateWeek() });
      await program.start();
      await program.own();
      await use(program);
      if (info.status !== info.expectedStatus) await info.attach('what the program said', { body: program.words() });
    } finally {
      await program.remove();
    }
  },
});

test('a simulated bad week is reviewed, a threshold accepted, a step done, and the summary marked and printed @all', async ({ page, calm }, info) => {
  test.setTimeout(120_000);
  const said = info.annotations.find((one) => one.type === 'said')?.description ?? '';
  const report = /\/ops\/reports\/(\d+)/.exec(said)?.[1];
  const incident = /\/ops\/incidents\/(\d+)\/review/.exec(said)?.[1];
  expect(said).toContain('Generated a bad week');

  await page.goto('/ops/health');
  await live(page);
  await expect(page.locator('.troubles')).toContainText('This is generated data');

  await page.goto(`/ops/incidents/${incident}/review`);
  await live(page);
  await expect(page.locator('.times')).toContainText('Resolved');
  await expect(page.locator('.restricted')).toContainText('generated data that did not happen');
  await expect(page.locator('main')).toContainText('The cache of product pictures in the API has no bound');
  await expect(page.locator('main')).toContainText('Bound the cache of product pictures in the API');
  expect(await stumbles(page), 'the review').toEqual([]);
  await page.screenshot({ path: 'test-results/learn-review.png', fullPage: true });

  await page.getByRole('link', { name: 'Try it, accept it or decline it' }).first().click();
  await expect(page).toHaveURL(/\/threshold/);
  await live(page);
  await page.getByLabel('Try on the last').selectOption('30');
  // The click ends when the page is there.
  await page.getByRole('button', { name: 'Try it' }).click({ timeout: 40_000 });
  await expect(page.locator('main')).toContainText('What it would have meant', { timeout: 40_000 });
  await page.getByLabel('Reason').last().fill('The trial says that nothing is missed.');
  await page.getByRole('button', { name: 'Change the threshold' }).click();
  await expect(page.locator('.said')).toContainText('The document is written');

  await page.goto('/ops/prevention');
  await live(page);
  await expect(page.locator('.restricted')).toContainText('generated data that did not happen');
  const step = page.locator('.steps > li', { hasText: 'Bound the cache of product pictures' });
  await step.locator('summary', { hasText: /^Done$/ }).click();
  await step.getByLabel('What shows it').fill('The memory stays at 420 MiB.');
  await step.getByRole('button', { name: 'Done', exact: true }).click();
  await expect(page.locator('main')).toContainText('The memory stays at 420 MiB.');

  await page.goto(`/ops/reports/${report}`);
  await live(page);
  await expect(page.locator('main')).toContainText('began with generated data that did not happen');
  await expect(page.locator('main')).toContainText('generated-web-1');
  await page.getByRole('button', { name: 'Mark as reviewed' }).click();
  await page.goto(`/ops/reports/${report}`);
  await expect(page.locator('main')).toContainText('Reviewed by The owner of this test');
  expect(await stumbles(page), 'the summary').toEqual([]);
  await page.screenshot({ path: 'test-results/learn-summary.png', fullPage: true });

  await page.emulateMedia({ media: 'print' });
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  await expect(page.getByRole('navigation').first()).toBeHidden();
  const printed = await page.pdf({ format: 'A4' });
  expect(printed.length, 'the print has content').toBeGreaterThan(10_000);
  await page.emulateMedia({ media: 'screen' });

  const exported = (await calm.command('journal', 'export', '-')).trim().split('\n').map((line) => JSON.parse(line) as Entry);
  expect(exported[0].kind).toBe('data_generated');
  const byOwner = exported.filter((one) => ['threshold_changed', 'prevention_step_done', 'report_reviewed'].includes(one.kind));
  expect(byOwner.map((one) => one.kind)).toEqual(['threshold_changed', 'prevention_step_done', 'report_reviewed']);
  expect(byOwner.every((one) => one.actor.startsWith('account:'))).toBe(true);
  expect(await calm.command('journal', 'verify')).toContain('The journal is intact');
});
