// A spike from a customer's side: who is limited, what the organization's page says, and the message that a person copies out.
import { expect, live, stumbles, test } from '../harness/test';

test.use({ alerts: 'traffic' });

test('an organization is limited on its page, a draft of facts is saved and marked, and a practice is no incident', async ({ page, calm }) => {
  let spikes = true;
  const upload = async (organization: string) => calm.ask(organization, 'POST', '/uploads').catch(() => 0);
  const traffic = (async () => {
    // A usual rate first, then far more of acme.
    for (let round = 0; spikes; round++) {
      const many = round > 8 ? Array.from({ length: 20 }, () => 'acme') : [];
      await Promise.all(['beta', 'gamma', 'delta', 'acme', ...many].map(upload));
      await new Promise((next) => setTimeout(next, 400));
    }
  })();
  await page.goto('/ops/organizations/acme');
  await live(page);
  await expect(page.locator('h1')).toContainText('acme');
  await expect(page.locator('.lead')).toContainText('limited', { timeout: 20_000 });
  expect(await stumbles(page), 'the organization').toEqual([]);
  await page.screenshot({ path: 'test-results/organization.png', fullPage: true });

  await page.goto('/ops/incidents/1');
  await live(page);
  await expect(page.locator('main')).toContainText('Affected organizations', { timeout: 15_000 });
  await page.getByRole('link', { name: /Messages/ }).first().click();
  await expect(page).toHaveURL(/\/ops\/incidents\/1\/messages/);
  const text = page.getByLabel('Text (plain)').first();
  await expect(text).toHaveValue(/some requests are refused above a limit/);
  await expect(text).not.toHaveValue(/acme/);
  expect(await stumbles(page), 'messages').toEqual([]);
  await page.screenshot({ path: 'test-results/messages.png', fullPage: true });
  await text.fill('We limit uploads for now. Everything else works.');
  await page.getByRole('button', { name: 'Save', exact: true }).first().click();
  await expect(page.locator('.said')).toHaveText('Saved. Nothing was sent.');
  await page.locator('summary', { hasText: 'Mark as sent' }).first().click();
  await page.getByLabel('Where you sent it').first().fill('Help desk');
  await page.getByRole('button', { name: 'Mark as sent' }).first().click();
  await expect(page.locator('.said')).toHaveText('Marked as sent.');
  await page.goto('/ops/incidents/1');
  await expect(page.locator('.log')).toContainText('as sent: Help desk.');
  spikes = false;
  await traffic;

  await page.goto('/ops/settings/readiness');
  await live(page);
  await page.screenshot({ path: 'test-results/readiness.png', fullPage: true });
  expect(await stumbles(page), 'readiness').toEqual([]);
});

test.describe('a practice', () => {
  test.use({ alerts: 'built-in' });

  test('is begun on the page, marked everywhere, approved, and counted nowhere', async ({ page, calm }) => {
    await page.goto('/ops/settings/readiness');
    await live(page);
    await page.locator('summary', { hasText: 'Begin a practice' }).click();
    await page.getByRole('button', { name: 'Begin the practice and notify them' }).click();
    await expect(page.locator('#practise ~ p').first()).toBeVisible();
    await expect
      .poll(async () => (await calm.get<{ active: unknown[] }>('/api/ops/incidents')).active.length, { timeout: 20_000 })
      .toBe(1);
    await page.goto('/ops/approve/1-1');
    await expect(page.locator('main')).toContainText('Practice');
    expect(await stumbles(page), 'the decision of a practice').toEqual([]);
    await page.getByRole('button', { name: /^Approve/ }).click();
    await expect(page.locator('main')).toContainText('Approved by The owner of this test', { timeout: 10_000 });
    await page.goto('/ops/incidents/1');
    await live(page);
    await expect(page.locator('h1')).toContainText('Practice');
    await expect(page.locator('.log')).toContainText('Confirmed: it worked.', { timeout: 20_000 });
    await page.goto('/ops/journal?q=practice');
    await expect(page.locator('main')).toContainText('The practice ended: its command was approved and has run.');
    // Nothing else is wrong.
    await page.goto('/ops/health');
    await expect(page.locator('main')).not.toContainText('practice.pressure');
  });
});
