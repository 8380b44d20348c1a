// The whole loop, as a person goes through it: something is wrong, it is explained, someone takes it, it is over, it can be found again.
import { expect, live, test } from '../harness/test';

test('a queue that grows becomes an incident in an open browser, and is followed to its end', async ({ page, calm }) => {
  const queue = calm.queue('imports', 412);
  await page.goto('/ops/health');
  await live(page);
  await expect(page.locator('.status')).toContainText(/calm/i);
  const loads: string[] = [];
  page.on('load', () => loads.push(page.url()));

  // It appears by itself.
  queue.is(6_100);
  const card = page.locator('.needs').getByRole('link', { name: /imports/ }).first();
  await expect(card).toBeVisible();
  await expect(page).toHaveTitle(/critical/);
  await expect(page.locator('link[rel=icon]')).toHaveAttribute('href', /critical/);
  expect(loads, 'the page was not loaded again').toEqual([]);

  // The summary is read.
  await card.click();
  await expect(page).toHaveURL(/\/ops\/incidents\/\d+$/);
  const number = /\d+$/.exec(page.url())?.[0] ?? '';
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  await expect(page.locator('main')).toContainText('6,100 jobs');

  // What is told stays as it was told; the newest value stands beside it.
  queue.is(7_300);
  await expect(page.locator('.facts [data-reading]')).toHaveText('7,300 jobs');
  await expect(page.getByRole('heading', { level: 1 })).toContainText('6,100 jobs');
  await expect(page.locator('svg').first()).toBeVisible();

  // Someone takes it, and says so.
  await page.getByRole('button', { name: 'Acknowledge' }).click();
  await expect(page.locator('#said-steps')).toContainText('Acknowledged');
  await expect(page.getByRole('button', { name: 'Acknowledge' })).toHaveCount(0);
  await page.getByLabel('Add a comment').fill('The importer hangs on a turquoise file.');
  await page.getByRole('button', { name: 'Post', exact: true }).click();
  await expect(page.locator('main')).toContainText('The importer hangs on a turquoise file.');
  await expect(page.getByLabel('Add a comment')).toHaveValue('');

  // It recovers, and is not closed over the head of the one who has it.
  queue.is(12);
  await expect(page.locator('.brief .state')).toHaveText(/recovering/);
  await expect(page.locator('main')).toContainText('recovered');

  // Resolved with a note.
  await page.getByText('Add a note').click();
  await page.getByLabel(/What resolved it/).fill('The file was put aside.');
  await page.getByRole('button', { name: 'Resolve', exact: true }).click();
  await expect(page.locator('#said-steps')).toContainText('Resolved');
  await expect(page.locator('.brief .state')).toHaveText(/resolved/);
  await expect(page.locator('main')).toContainText('The file was put aside.');
  expect(loads, 'the page was never loaded again').toEqual([]);

  // Found again by what was written.
  await page.getByRole('link', { name: 'History' }).first().click();
  await page.getByLabel('Words').fill('turquoise');
  await page.getByRole('button', { name: 'Search' }).click();
  await expect(page).toHaveURL(/text=turquoise/);
  await expect(page.locator('main').getByRole('link', { name: new RegExp(`Incident ${number}\\b`) })).toBeVisible();
  await page.goto('/ops/history?text=vermilion');
  await expect(page.locator('main')).toContainText('No matching incidents.');

  // The record is whole.
  queue.stop();
  await page.close();
  await calm.stop();
  expect(await calm.command('journal', 'verify')).toMatch(/\d+ entries/);
});

test('an incident that someone else ends is over in every open browser', async ({ page, context, calm, watch }) => {
  const queue = calm.queue('mails', 6_000);
  const other = await context.newPage();
  watch(other);
  await page.goto('/ops/incidents');
  await live(page);
  const card = page.getByRole('link', { name: /mails/ }).first();
  await expect(card).toBeVisible();
  const address = await card.getAttribute('href');
  await other.goto(address ?? '');
  await live(other);
  queue.is(3);
  await expect(other.locator('.brief .state')).toHaveText(/recovering/);
  await other.getByRole('button', { name: 'Resolve', exact: true }).click();
  await expect(other.locator('#said-steps')).toContainText('Resolved');
  await page.bringToFront();
  await expect(page.getByText('No incident is active.')).toBeVisible();
  queue.stop();
});

test('when the program stops the page says that its figures are old, and goes on by itself afterwards', async ({ page, calm, complaints }) => {
  const queue = calm.queue('imports', 5);
  await page.goto('/ops/health');
  await live(page);
  const took = await calm.stop();
  expect(took, 'a graceful stop with an open stream takes less than 2 s').toBeLessThan(2_000);
  await expect(page.locator('.live.lost')).toContainText('Reconnecting');
  await calm.start();
  await live(page);
  queue.is(7_000);
  await expect(page.locator('.needs').getByRole('link', { name: /imports/ }).first()).toBeVisible();
  queue.stop();
  // The browser says that it could not reach what was stopped; nothing else.
  const others = complaints.splice(0).filter((complaint) => !/ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED|ERR_EMPTY_RESPONSE/.test(complaint));
  expect(others).toEqual([]);
});

test('a change of the thresholds is in force without a restart, and a mistake in them is told on the page', async ({ page, calm }) => {
  const { appendFileSync, readFileSync, writeFileSync } = await import('node:fs');
  const good = readFileSync(calm.thresholds, 'utf8');
  await page.goto('/ops/health');
  await live(page);
  appendFileSync(calm.thresholds, '\n| signal | nonsense |\n| --- | --- |\n| queue.depth | much |\n');
  const notice = page.locator('div.notice');
  await expect(page.locator('p.notice').filter({ hasText: 'alerts/thresholds.md' })).toBeVisible();
  await expect(notice.locator('pre'), 'with the place of the mistake').toContainText(/thresholds\.md:\d+:\d+/);
  writeFileSync(calm.thresholds, good.replaceAll('5,000', '50').replaceAll('1,000', '40').replaceAll('500 jobs', '20 jobs'));
  await expect(notice).toHaveCount(0);
  const queue = calm.queue('imports', 60);
  await expect(page.locator('.needs').getByRole('link', { name: /imports/ }).first()).toBeVisible();
  queue.stop();
});
