// After an incident: one tap about the recommendation, a review whose facts are there already, and a step that is done.
import { expect, live, stumbles, test } from '../harness/test';

test.use({ scripts: { quick: 'echo quick >> "$PLACE/ran"' } });

test('a resolved incident is rated with one tap, reviewed, and a prevention step is added and done', async ({ page, calm }) => {
  const queue = calm.queue('imports', 7_000);
  const offered = async () => (await calm.get<{ id: string }>('/api/ops/recommendations/1-1').catch(() => undefined)) !== undefined;
  await expect.poll(offered, { timeout: 20_000 }).toBe(true);
  await page.goto('/ops/approve/1-1');
  await live(page);
  await page.getByRole('button', { name: /^Approve/ }).click();
  await expect(page.locator('main')).toContainText('Approved by The owner of this test', { timeout: 10_000 });
  queue.stop();
  await page.goto('/ops/incidents/1');
  await live(page);
  await expect(page.locator('#rating')).toHaveCount(0);
  await page.getByText('Add a note').click();
  await page.getByLabel(/What resolved it/).fill('The importer runs again.');
  await page.getByRole('button', { name: 'Resolve', exact: true }).click();
  await expect(page.locator('#rating')).toBeVisible({ timeout: 10_000 });
  await page.getByRole('button', { name: 'One step short' }).click();
  await expect(page.getByRole('button', { name: 'One step short' })).toHaveAttribute('aria-pressed', 'true');
  expect(await stumbles(page), 'the resolved incident').toEqual([]);

  await page.getByRole('link', { name: 'Review', exact: true }).click();
  await expect(page).toHaveURL(/\/ops\/incidents\/1\/review/);
  await live(page);
  await expect(page.locator('.times')).toContainText('Resolved');
  await page.getByLabel('What to change').fill('Alert *earlier*.');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(page.locator('.said')).toHaveText('Saved.');
  await page.locator('summary', { hasText: 'Add a step' }).click();
  await page.getByLabel('What to do').fill('Alert at 80%');
  await page.getByLabel('Day').fill(new Date().toISOString().slice(0, 10));
  await page.getByRole('button', { name: 'Add', exact: true }).click();
  await expect(page.locator('.steps')).toContainText('Alert at 80%');
  expect(await stumbles(page), 'the review').toEqual([]);
  await page.screenshot({ path: 'test-results/review.png', fullPage: true });

  await page.goto('/ops/health');
  await page.getByRole('link', { name: 'Prevention steps' }).click();
  await live(page);
  await page.locator('summary', { hasText: /^Done$/ }).click();
  await page.getByLabel('What shows it').fill('thresholds.md has it.');
  await page.getByRole('button', { name: 'Done', exact: true }).click();
  await expect(page.locator('main')).toContainText('No prevention step is open.');
  expect(await stumbles(page), 'the prevention steps').toEqual([]);
});
