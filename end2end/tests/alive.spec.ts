// Pages that are alive: nothing that a person does on them is lost by an update, they ask the server for nothing by themselves, and whoever
// goes elsewhere comes back to the same place.
import { expect, live, test } from '../harness/test';

test('focus, selection, open details, text and scroll outlast a storm of updates', async ({ page, calm }) => {
  test.setTimeout(90_000);
  const names = Array.from({ length: 30 }, (_, index) => `job-${index}`);
  const storm = (round: number) =>
    calm.push(...names.map((name, index) => ({ signal: 'queue.depth', subject: `service:${name}`, value: 10 + ((round * 7 + index) % 90), unit: 'jobs' })));
  await storm(0);
  const queue = calm.queue('imports', 7_000);
  await expect.poll(async () => (await calm.get<{ active: unknown[] }>('/api/ops/incidents')).active.length, { timeout: 20_000 }).toBeGreaterThan(0);

  // The page of an incident, while others comment and values change.
  await page.goto('/ops/incidents/1');
  await live(page);
  await page.getByText('Add a note').click();
  await page.getByLabel('Add a comment').fill('half a sen');
  await page.getByLabel('Add a comment').focus();
  await page.evaluate(() => {
    const line = document.querySelector('.timeline li p');
    if (line) getSelection()?.selectAllChildren(line);
  });
  const before = await page.evaluate(() => ({ at: scrollY, text: getSelection()?.toString() }));
  expect(before.text?.length).toBeGreaterThan(5);
  const asked: string[] = [];
  page.on('request', (request) => asked.push(new URL(request.url()).pathname));
  for (let round = 1; round <= 12; round += 1) {
    await storm(round);
    queue.is(7_000 + round);
    if (round % 4 === 0) {
      await fetch(`${calm.address}/api/ops/incidents/1/comment`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', cookie: calm.cookie },
        body: JSON.stringify({ text: `round ${round}` }),
      });
    }
    await page.waitForTimeout(400);
  }
  await expect(page.locator('.timeline')).toContainText('round 12');
  await expect(page.locator('.facts [data-reading]')).toHaveText('7,012 jobs');
  const after = await page.evaluate(() => ({ at: scrollY, text: getSelection()?.toString() }));
  expect(after.text).toBe(before.text);
  expect(Math.abs(after.at - before.at), 'nothing moves').toBeLessThan(4);
  await expect(page.getByLabel('Add a comment')).toHaveValue('half a sen');
  await expect(page.getByLabel('Add a comment')).toBeFocused();
  await expect(page.getByLabel(/What resolved it/)).toBeVisible();
  expect(asked, 'an open page asks the server for nothing').toEqual([]);

  // The health page, while a series comes and another one breaks its threshold.
  await page.goto('/ops/health');
  await live(page);
  const fold = page.getByRole('region', { name: 'service job-3', exact: true }).locator('details.subject');
  const summary = fold.locator('> summary');
  await summary.click();
  await summary.focus();
  await page.evaluate(() => scrollTo(0, 300));
  asked.length = 0;
  for (let round = 20; round <= 30; round += 1) {
    await storm(round);
    if (round === 24) await calm.push({ signal: 'queue.depth', subject: 'service:new', value: 1, unit: 'jobs' });
    await page.waitForTimeout(300);
  }
  await expect(page.locator('[data-row="queue.depth service:new"]')).toBeAttached();
  await expect(fold).toHaveAttribute('open', '');
  await expect(summary).toBeFocused();
  expect(asked, 'an open page asks the server for nothing').toEqual([]);
  queue.stop();
});

test('a link into the runbook leads to its section, and back leads to the same place', async ({ page, calm }) => {
  await calm.push(...Array.from({ length: 200 }, (_, index) => ({ signal: 'queue.depth', subject: `service:job-${index}`, value: 5, unit: 'jobs' })));
  await page.goto('/ops/health');
  await live(page);
  await expect(page.locator('[data-row="queue.depth service:job-199"]')).toBeAttached();
  await page.evaluate(() => scrollTo(0, 900));
  await page.waitForTimeout(200);
  await page.locator('.places').getByRole('link', { name: 'Runbook' }).click();
  await expect(page.locator('main h1')).toBeFocused();
  expect(await page.evaluate(() => scrollY)).toBe(0);
  await page.goBack();
  await expect(page.locator('.status')).toBeAttached();
  await expect.poll(() => page.evaluate(() => scrollY)).toBe(900);
  // From a page of the app to a section.
  await page.evaluate(() => {
    const link = document.createElement('a');
    link.href = '/ops/runbook#crash-loop';
    link.textContent = 'to the section';
    document.querySelector('main')?.prepend(link);
  });
  await page.getByText('to the section').click();
  await expect(page.locator('#crash-loop')).toBeInViewport();
  await expect(page.locator('#crash-loop')).toBeFocused();
});
