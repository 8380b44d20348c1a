// A spike from a customer's side, through a real nginx: who is limited, what people tell the customers, and how it ends without them.
import { Proxy } from '../harness/proxy';
import { expect, live, stumbles, test } from '../harness/test';

test.use({ alerts: 'traffic' });

interface Report {
  reactions: { detected_after_s: number | null; limited_after_s: number | null; lifted_after_s: number | null };
  others: { counts: { sent: number; refused: number } }[];
}

const SPIKE = ['upload-spike', '--organization', 'acme', '--rate', '50/s', '--ramp', '1s', '--for', '6s'];
const OTHERS = ['--others', '8', '--others-rate', '2/s', '--calm', '5s', '--after', '16s'];

test('a spike through nginx is limited on screen, told to its customer by two people, and over without anybody', async ({ page, calm, browser, watch }) => {
  test.skip(!Proxy.isInstalled(), 'nginx is not installed');
  test.setTimeout(90_000);
  calm.limitsLast('18 s');
  const proxy = await calm.openProxy();
  const other = await calm.invite('responder', 'Bo');
  await page.goto('/ops/incidents');
  await live(page);
  const simulation = calm.simulate<Report>(...SPIKE, ...OTHERS, '--target', proxy.url, '--host', '*.shop.example');
  simulation.catch(() => {});

  // On screen without a reload; it alone is limited, and the message is there.
  await page.getByRole('link', { name: /^Incident 1 .*acme/ }).click({ timeout: 25_000 });
  await expect(page.locator('main')).toContainText('Calm Ops limits uploads of acme to', { timeout: 15_000 });
  const { measures } = await calm.get<{ measures: { organization: string }[] }>('/api/ops/protection');
  expect(measures.map((one) => one.organization)).toEqual(['organization:acme']);
  await expect(page.locator('main')).toContainText('Affected organizations', { timeout: 15_000 });
  await page.getByRole('link', { name: 'acme', exact: true }).first().click();
  await expect(page.locator('.lead')).toContainText('Calm Ops limits acme: uploads to');
  expect(await stumbles(page), 'the organization').toEqual([]);
  await page.goBack();
  await page.getByRole('link', { name: 'Messages to customers' }).click();
  const text = page.getByLabel('Text (plain)').first();
  await expect(text).toHaveValue(/some requests are refused above a limit/);
  await expect(text).not.toHaveValue(/acme/);
  expect(await stumbles(page), 'messages').toEqual([]);
  await text.fill('We limit uploads for now. Everything else works.');
  await page.getByRole('button', { name: 'Save', exact: true }).first().click();
  await expect(page.locator('.said')).toHaveText('Saved. Nothing was sent.');
  await expect(page.locator('main')).toContainText('Somebody else can review it before you send it.');

  // Somebody else reviews exactly these words, on another page.
  const context = await browser.newContext({ baseURL: calm.address });
  const [name, value] = other.split('=');
  await context.addCookies([{ name, value, url: calm.address, httpOnly: true, sameSite: 'Lax' }]);
  const second = await context.newPage();
  watch(second);
  await second.goto('/ops/incidents/1/messages');
  await live(second);
  await expect(second.getByLabel('Text (plain)').first()).toHaveValue('We limit uploads for now. Everything else works.');
  await second.getByRole('button', { name: 'Reviewed: the saved version is right' }).first().click();
  await expect(second.locator('.said')).toHaveText('Noted that you reviewed it.');
  await context.close();

  await expect(page.locator('main')).toContainText('Reviewed by Bo');
  await page.locator('summary', { hasText: 'Mark as sent' }).first().click();
  await page.getByLabel('Where you sent it').first().fill('Help desk');
  await page.getByRole('button', { name: 'Mark as sent' }).first().click();
  await expect(page.locator('.said')).toHaveText('Marked as sent.');

  // The limit ends by itself, and the timeline tells all of it.
  await page.goto('/ops/protection');
  await expect(page.locator('.lead')).toHaveText('Calm Ops limits nobody right now.', { timeout: 40_000 });
  await page.goto('/ops/incidents/1');
  const log = page.locator('.log');
  for (const told of ['Limited uploads of acme', 'reviewed', 'as sent: Help desk.', 'The limit for uploads of acme']) await expect(log).toContainText(told);
  const { reactions, others } = await simulation;
  for (const seconds of [reactions.detected_after_s, reactions.limited_after_s, reactions.lifted_after_s]) {
    expect(seconds, JSON.stringify(reactions)).not.toBeNull();
  }
  expect(others.map((phase) => phase.counts.refused), 'nobody else is refused').toEqual(others.map(() => 0));
  expect(proxy.reached).toBeGreaterThan(others.reduce((sum, phase) => sum + phase.counts.sent, 0));
  const journal = await calm.get<{ entries: { event: { event: string } | null }[] }>('/api/ops/journal?limit=1000');
  const kinds = journal.entries.map((entry) => entry.event?.event);
  for (const kind of ['incident_opened', 'measure_began', 'impact_changed', 'message_draft_saved', 'message_draft_reviewed', 'message_marked_sent', 'measure_ended']) {
    expect(kinds, kind).toContain(kind);
  }
  expect(await calm.command('journal', 'verify')).toContain('none changed');
});

test.describe('a practice', () => {
  test.use({ alerts: 'built-in' });

  test('is begun on the page, marked everywhere, approved, and counted nowhere', async ({ page, calm }) => {
    await page.goto('/ops/settings/readiness');
    await live(page);
    expect(await stumbles(page), 'readiness').toEqual([]);
    await page.locator('summary', { hasText: 'Begin a practice' }).click();
    await page.getByRole('button', { name: 'Begin the practice' }).click();
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
