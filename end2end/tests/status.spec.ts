// The status page: nothing is on it but what a person published, and the page of its forms follows what others do.
import { expect, live, stumbles, test } from '../harness/test';

test('what a person publishes is public, word by word, and others see it at once', async ({ page, calm, browser, watch }) => {
  await page.goto('/ops/status');
  await live(page);
  await expect(page.locator('.lead')).toHaveText('No incident is published right now.');
  await page.getByLabel('Title').fill('Uploads are <slow>');
  await page.getByLabel('Text (plain, shown with its lines)').fill('We look into it.\nNext update at 12:00 UTC.');
  await page.getByRole('button', { name: 'Preview' }).click();
  await expect(page.getByRole('region', { name: 'Preview' })).toContainText('Nothing is published yet.');
  expect((await calm.get<{ current: unknown[] }>('/api/status')).current).toEqual([]);
  await page.getByRole('button', { name: 'Publish', exact: true }).click();
  await expect(page.locator('.lead')).toHaveText('1 incident is published right now.');
  expect(await stumbles(page), 'the forms').toEqual([]);

  // A customer without an account.
  const stranger = await browser.newPage({ baseURL: calm.address, javaScriptEnabled: false, viewport: { width: 390, height: 844 } });
  watch(stranger);
  await stranger.goto('/status');
  await expect(stranger.locator('.current h3')).toHaveText('Uploads are <slow>');
  await expect(stranger.locator('.words')).toHaveText('We look into it.\nNext update at 12:00 UTC.');
  await expect(stranger.locator('main')).toContainText('1 current notice began on this day');
  expect(await stranger.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);

  // A colleague publishes meanwhile: it appears, and what is being typed stays.
  await live(page);
  await page.locator('summary', { hasText: 'Publish an update' }).click();
  const update = page.locator('article').getByLabel('Text (plain, shown with its lines)');
  await update.fill('Half of');
  const notice = (await calm.get<{ notices: { number: number }[] }>('/api/ops/status')).notices[0].number;
  await calm.post(`/api/ops/status/${notice}`, { state: 'identified', text: 'A worker hangs.' });
  await expect(page.locator('.timeline')).toContainText('A worker hangs.');
  await expect(update).toHaveValue('Half of');
  await calm.post(`/api/ops/status/${notice}`, { state: 'resolved', text: 'All uploads work.' });
  await expect(page.locator('.lead')).toHaveText('No incident is published right now.');
  await expect(page.getByRole('heading', { name: 'Resolved' })).toBeVisible();
  await stranger.reload();
  await expect(stranger.locator('.lead')).toHaveText('No incident is published right now.');
  await stranger.close();
  await page.goto('/status');
  expect(await stumbles(page), 'the public page').toEqual([]);
});
