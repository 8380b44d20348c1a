// A threshold is changed on its page: tried on history first, accepted with a reason, and told by the journal.
import { expect, live, stumbles, test } from '../harness/test';

test('a threshold is tried on history, accepted with a reason, and journalled', async ({ page, calm }) => {
  const queue = calm.queue('imports', 200);
  const known = async () => (await calm.get('/api/ops/signal?subject=service:imports&signal=queue.depth').catch(() => undefined)) !== undefined;
  await expect.poll(known, { timeout: 20_000 }).toBe(true);
  await page.goto('/ops/signals/queue.depth?subject=service%3Aimports');
  await live(page);
  await page.getByRole('link', { name: 'Change this threshold' }).click();
  await expect(page).toHaveURL(/\/ops\/signals\/queue\.depth\/threshold/);
  await live(page);
  await expect(page.getByLabel('Warning')).not.toHaveValue('');
  await page.getByLabel('For', { exact: true }).fill('4 min');
  await page.getByLabel('Try on the last').selectOption('7');
  await page.getByRole('button', { name: 'Try it' }).click();
  await expect(page.locator('main')).toContainText('What it would have meant', { timeout: 30_000 });
  await expect(page.locator('.patch')).toContainText('4 min');
  expect(await stumbles(page), 'the trial').toEqual([]);
  await page.screenshot({ path: 'test-results/threshold.png', fullPage: true });

  await page.getByLabel('Reason').fill('It is quieter.');
  await page.getByRole('button', { name: 'Change the threshold' }).click();
  await expect(page.locator('.said')).toContainText('The document is written');
  await expect(page.getByLabel('For', { exact: true })).toHaveValue('4 min');
  expect(await stumbles(page), 'the changed threshold').toEqual([]);
  await page.goto('/ops/journal');
  await live(page);
  await expect(page.locator('main')).toContainText('changed the threshold of queue.depth');
  queue.stop();
});
