// The journal as a person looks through it, and what someone without an account is shown.
import { type Program, expect, live, test } from '../harness/test';

async function incident(calm: Program): Promise<void> {
  await expect
    .poll(async () => (await calm.get<{ active: unknown[] }>('/api/ops/incidents')).active.length, { timeout: 20_000 })
    .toBeGreaterThan(0);
}

test.describe('far from Greenwich', () => {
  test.use({ timezoneId: 'Asia/Kolkata' });

  test('the journal is searched, proved, and an entry is redacted', async ({ page, calm }) => {
    const queue = calm.queue('imports', 7_000);
    await incident(calm);
    await page.goto('/ops/incidents/1');
    await live(page);
    await page.getByLabel('Add a comment').fill('The password of the queue is on the wall.');
    await page.getByRole('button', { name: 'Post', exact: true }).click();
    await expect(page.locator('#said-comment')).toHaveText('Comment added.');
    queue.stop();

    await page.goto('/ops/journal');
    await live(page);
    await page.locator('#search > summary').click();
    await page.getByLabel('What', { exact: true }).selectOption('commented');
    await page.getByLabel('Incident', { exact: true }).fill('1');
    // By the reader's own clock: an hour ago until now.
    const local = (at: number) => new Date(at + 330 * 60_000).toISOString().slice(0, 16);
    await page.getByLabel('From (your time)').fill(local(Date.now() - 3_600_000));
    await page.getByLabel('To (your time)').fill(local(Date.now() + 60_000));
    await page.getByRole('button', { name: 'Search' }).click();
    await expect(page).toHaveURL(/offset=330/);
    await expect(page.locator('.trail > li')).toHaveCount(1);
    await expect(page.locator('.trail')).toContainText('The password of the queue is on the wall.');

    await page.getByRole('button', { name: 'Verify now' }).click();
    await expect(page.locator('.verified')).toContainText(/Verified \d+ entries .*none changed, missing or out of order/);
    await expect(page.locator('.trail > li'), 'the search stays').toHaveCount(1);

    await page.locator('.trail').getByText('Details', { exact: true }).click();
    await page.getByLabel('Reason').fill('A password.');
    await page.getByRole('button', { name: /^Redact entry/ }).click();
    await expect(page.getByRole('status').first()).toContainText('Redacted.');
    await expect(page.locator('.trail')).toContainText('This entry was redacted.');
    await expect(page.locator('main')).not.toContainText('on the wall');
    await page.goto('/ops/incidents/1');
    await expect(page.locator('main')).not.toContainText('on the wall');
    await page.goto('/ops/journal?verify=now');
    await expect(page.locator('.verified')).toContainText('1 entry redacted');
    // An hour later nothing was written yet.
    await page.goto(`/ops/journal?offset=330&from=${local(Date.now() + 3_600_000)}`);
    await expect(page.locator('.empty')).toContainText('No matching entries');
  });
});

test('a link shows an incident as it goes on, until it is ended', async ({ page, browser, calm }) => {
  test.setTimeout(90_000);
  const queue = calm.queue('imports', 7_000);
  await incident(calm);
  await page.goto('/ops/incidents/1');
  await live(page);
  await page.locator('#share > summary').click();
  await page.getByLabel('Label (internal)').fill('Support');
  await page.getByLabel('For', { exact: true }).selectOption('manager');
  await page.getByRole('button', { name: 'Create link' }).click();
  const link = await page.getByLabel('Link', { exact: true }).inputValue();
  expect(link).toMatch(new RegExp(`^${calm.address}/share/[0-9a-f]{64}$`));

  const stranger = await browser.newContext();
  const shared = await stranger.newPage();
  const answer = await shared.goto(link);
  expect(answer?.headers()['cache-control']).toContain('no-store');
  expect(answer?.headers()['x-robots-tag']).toContain('noindex');
  await expect(shared.locator('#live')).toHaveText('Live: this page updates automatically.');
  await expect(shared.locator('main')).toContainText('Nobody has started working on it yet.');
  await expect(shared.locator('body')).not.toContainText(/imports|queue\.depth|service:/);

  await page.goto('/ops/incidents/1');
  await live(page);
  await page.getByRole('button', { name: 'Acknowledge' }).click();
  await expect(shared.locator('main'), 'without being loaded again').toContainText('A colleague is working on it.', { timeout: 20_000 });

  await page.goto('/ops/incidents/1/share');
  await expect(page.locator('main')).toContainText('opened once');
  await page.getByRole('button', { name: 'Revoke the link Support' }).click();
  await expect(page.getByText('Link revoked.')).toBeVisible();
  await expect(shared.locator('h1'), 'whoever has it open sees that at once').toHaveText('Link not found', { timeout: 20_000 });
  await stranger.close();
  queue.stop();
});
