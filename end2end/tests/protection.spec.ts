// Protection: a spike at the gate is limited, the pages tell of it while it happens, and people end it.
import { type Program, expect, live, stumbles, test } from '../harness/test';

test.use({ alerts: 'traffic' });

const OTHERS = ['beta', 'gamma', 'delta', 'epsilon'];

/** Steady uploads of five organizations, and many of acme while `spikes` holds. */
function traffic(calm: Program): { spikes: boolean; refused: Map<string, number>; stop: () => Promise<void> } {
  const state = { spikes: false, refused: new Map<string, number>(), stop: async () => {} };
  let ends = false;
  const ask = async (organization: string) => {
    // The program may end before the loop does, where a test fails.
    const status = await calm.ask(organization, 'POST', '/uploads').catch(() => 0);
    if (status === 429) state.refused.set(organization, (state.refused.get(organization) ?? 0) + 1);
  };
  const loop = (async () => {
    while (!ends) {
      const spike = state.spikes ? Array.from({ length: 20 }, () => 'acme') : [];
      await Promise.all([...OTHERS, 'acme', ...spike].map(ask));
      await new Promise((next) => setTimeout(next, 400));
    }
  })();
  state.stop = async () => {
    ends = true;
    await loop;
  };
  return state;
}

test('a spike is limited on screen, alone, and the page of its incident lifts the limit', async ({ page, calm }) => {
  const sent = traffic(calm);
  await page.goto('/ops/protection');
  await live(page);
  await expect(page.locator('.lead')).toHaveText('Calm Ops limits nobody right now.');
  await expect(page.getByRole('row', { name: /beta/ })).toBeVisible();
  await page.waitForTimeout(2_000);

  sent.spikes = true;
  await expect(page.locator('.lead')).toHaveText('Calm Ops limits acme right now.', { timeout: 15_000 });
  const card = page.locator('.card', { hasText: 'Limit for uploads of acme' });
  await expect(card).toContainText('requests/s were sent when it began');
  expect(await stumbles(page), 'protection with a limit').toEqual([]);
  await expect.poll(() => sent.refused.get('acme') ?? 0).toBeGreaterThan(10);
  expect([...sent.refused.keys()], 'nobody else is refused').toEqual(['acme']);

  await card.getByRole('link', { name: /^incident/ }).click();
  await expect(page.locator('.brief .state')).toHaveText('stabilizing');
  await expect(page.locator('main')).toContainText('Calm Ops limits uploads of acme to');
  await page.getByRole('button', { name: 'Lift the limit for uploads of acme' }).click();
  await expect(page).toHaveURL(/\/ops\/incidents\/1$/);
  await expect(page.locator('.log')).toContainText('lifted the limit for uploads of acme.');
  await expect(page.getByRole('button', { name: /^Lift the limit/ })).toHaveCount(0);
  const before = sent.refused.get('acme');
  await page.waitForTimeout(2_000);
  expect(sent.refused.get('acme'), 'the same problem does not bring it back').toBe(before);
  await sent.stop();
});

test('safe mode and the switch stand on every page until a person ends them', async ({ page, calm }) => {
  await page.goto('/ops/protection');
  await live(page);
  expect(await calm.ask('beta', 'POST', '/uploads')).toBe(204);
  await page.locator('summary', { hasText: 'Begin safe mode' }).click();
  await page.getByLabel('Reason').last().fill('Writes fail');
  await page.getByRole('button', { name: 'Begin safe mode' }).click();
  await expect(page.locator('.lead')).toHaveText('Safe mode is in force: only reads and critical requests pass.');
  await expect.poll(() => calm.ask('beta', 'POST', '/uploads')).toBe(503);
  expect(await calm.ask('beta', 'GET', '/orders')).toBe(204);

  await page.goto('/ops/health');
  await live(page);
  await expect(page.locator('.restricted')).toContainText('Safe mode is in force: only reads and critical requests pass.');
  expect(await stumbles(page), 'health in safe mode').toEqual([]);
  await page.locator('.restricted').getByRole('link', { name: 'Open protection' }).click();
  await page.getByRole('button', { name: 'Let interactive requests pass again' }).click();
  await expect(page.locator('.lead')).toContainText('interactive requests pass again');
  await expect.poll(() => calm.ask('beta', 'POST', '/orders')).toBe(204);
  expect(await calm.ask('beta', 'POST', '/uploads')).toBe(503);
  await page.getByRole('button', { name: 'End safe mode' }).click();
  await expect(page.locator('.lead')).toHaveText('Calm Ops limits nobody right now.');
  await expect.poll(() => calm.ask('beta', 'POST', '/uploads')).toBe(204);

  // Suspended by a program, the open page shows it; a person resumes it.
  await calm.post('/api/ops/protection/automation/suspend', { reason: 'Load test' });
  await expect(page.locator('.lead')).toHaveText('Calm Ops limits nobody: automatic measures are suspended.');
  await expect(page.locator('#automation ~ .notice')).toContainText('Load test');
  await page.getByRole('button', { name: 'Resume automatic measures' }).click();
  await expect(page.locator('.lead')).toHaveText('Calm Ops limits nobody right now.');
});
