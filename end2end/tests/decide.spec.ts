// What a person does about a recommendation on a page that is alive: yes, no, and an end; and what others see of it.
import { type Page, type Program, expect, live, test } from '../harness/test';

const SLOW = 'echo began >> "$PLACE/ran"\nfor line in one two three four five six seven eight nine ten; do echo "line $line"; sleep 1; done';

test.use({ scripts: { slow: SLOW, quick: 'echo quick >> "$PLACE/ran"\necho done' } });

/** Waits until both commands are offered. */
async function offered(calm: Program): Promise<void> {
  const waits = async () => {
    const { active } = await calm.get<{ active: { awaits_decision: boolean }[] }>('/api/ops/incidents');
    return active.some((card) => card.awaits_decision) && (await calm.get<{ id: string }>('/api/ops/recommendations/1-2').catch(() => undefined)) !== undefined;
  };
  await expect.poll(waits, { timeout: 20_000 }).toBe(true);
}

async function kinds(calm: Program): Promise<string[]> {
  const { entries } = await calm.get<{ entries: { event: { event: string } }[] }>('/api/ops/journal?limit=1000');
  return entries.map((entry) => entry.event.event);
}

const approve = (page: Page) => page.getByRole('button', { name: /^Approve/ });

test('what is executed can be read before, its output is seen as it comes, and it can be ended', async ({ page, calm }) => {
  const queue = calm.queue('imports', 7_000);
  await offered(calm);
  await page.setViewportSize({ width: 390, height: 844 });
  await page.goto('/ops/approve/1-1');
  await live(page);
  await page.getByText('Exact command line').click();
  await expect(page.locator('.about pre')).toContainText(`${calm.folder}/slow`);
  await expect(page.locator('.about pre')).toContainText(/SHA-256|sha256/);
  expect(calm.written('ran'), 'to look at it executes nothing').toBe('');

  await approve(page).click();
  const printed = page.locator('.printed');
  await expect(printed).toContainText('line one');
  await expect(printed).not.toContainText('line three');
  await expect(printed).toContainText('line three', { timeout: 10_000 });
  await page.getByRole('button', { name: 'Stop it' }).click();
  await expect(page.locator('main')).toContainText('stopped it early', { timeout: 10_000 });
  await expect(page.locator('main')).toContainText('stopped early');
  expect(calm.written('ran')).toBe('began\n');
  const all = await kinds(calm);
  for (const kind of ['acknowledged', 'approved', 'run_started', 'run_cancelled', 'run_ended']) expect(all).toContain(kind);
  // The journal keeps what it printed.
  await page.goto('/ops/journal?kind=run_ended');
  await live(page);
  await page.getByText('Output', { exact: true }).click();
  await expect(page.locator('.trail .printed')).toContainText('line one');
  queue.stop();
});

test('a double click is one run, and whoever looks on sees it', async ({ page, context, calm, watch }) => {
  const queue = calm.queue('imports', 7_000);
  await offered(calm);
  const other = await context.newPage();
  watch(other);
  for (const one of [other, page]) {
    await one.goto('/ops/approve/1-2');
    await live(one);
  }
  await approve(page).dblclick();
  for (const one of [page, other]) {
    await expect(one.locator('main')).toContainText('Approved by The owner of this test', { timeout: 10_000 });
    await expect(one.locator('main')).toContainText('It finished successfully', { timeout: 10_000 });
    await expect(approve(one)).toHaveCount(0);
  }
  await page.waitForTimeout(500);
  expect(calm.written('ran')).toBe('quick\n');
  expect((await kinds(calm)).filter((kind) => kind === 'run_started')).toHaveLength(1);
  queue.stop();
});

test('a connection that is lost leaves no doubt about what happened', async ({ page, calm, complaints }) => {
  const queue = calm.queue('imports', 7_000);
  await offered(calm);
  // What does not arrive has not happened, and it can be pressed again.
  await page.goto('/ops/approve/1-1');
  await live(page);
  await page.route('**/api/pages/act', (route) => route.abort('connectionfailed'));
  await approve(page).click();
  await expect(page.locator('#said-decision')).toContainText("Can't reach Calm Ops.");
  await expect(approve(page)).toBeEnabled();
  await page.unroute('**/api/pages/act');
  expect(await kinds(calm)).not.toContain('approved');

  // It arrives, and the answer does not come back: the page shows what became of it.
  await page.goto('/ops/approve/1-2');
  await live(page);
  await page.route('**/api/pages/act', async (route) => {
    await route.fetch();
    await route.abort('connectionreset');
  });
  await approve(page).click();
  await expect(page.locator('main')).toContainText('It finished successfully', { timeout: 10_000 });
  await expect(approve(page)).toHaveCount(0);
  await page.waitForTimeout(500);
  expect(calm.written('ran')).toBe('quick\n');
  expect((await kinds(calm)).filter((kind) => kind === 'run_started')).toHaveLength(1);
  // The browser notes what was lost.
  complaints.splice(0);
  queue.stop();
});

test('a no takes a reason and leads to the next', async ({ page, calm }) => {
  const queue = calm.queue('imports', 7_000);
  await offered(calm);
  await page.goto('/ops/approve/1-1');
  await live(page);
  await page.locator('.answers summary', { hasText: 'Decline' }).click();
  await page.getByLabel('Why not? (kept for the review)').fill('It is the wrong script for this.');
  await page.getByRole('button', { name: 'Decline', exact: true }).click();
  await expect(page.locator('#said-decision')).toContainText('Declined. Nothing was run.');
  await page.getByRole('link', { name: /^Next: / }).click();
  await expect(page).toHaveURL(/\/ops\/approve\/1-2$/);
  await expect(approve(page)).toBeVisible();
  await page.goto('/ops/incidents/1');
  await live(page);
  await page.getByText('Earlier recommendations').click();
  await expect(page.locator('.before')).toContainText('It is the wrong script for this.');
  expect(calm.written('ran')).toBe('');
  queue.stop();
});
