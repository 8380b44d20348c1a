// The page of one incident: what it says is true now, what was pressed answers where it was pressed, and every picture fits.
import { type Page, type Program, expect, live, test } from '../harness/test';

async function incident(calm: Program): Promise<void> {
  await expect
    .poll(async () => (await calm.get<{ active: unknown[] }>('/api/ops/incidents')).active.length, { timeout: 20_000 })
    .toBeGreaterThan(0);
}

/** What leaves the card of its chart, and what lies on other words there. */
function misplaced(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const wrong: string[] = [];
    for (const chart of document.querySelectorAll('.chart')) {
      const card = chart.getBoundingClientRect();
      const texts = [...chart.querySelectorAll('text')].map((text) => ({ words: text.textContent ?? '', box: text.getBoundingClientRect() }));
      for (const { words, box } of texts) {
        if (box.left < card.left || box.right > card.right || box.top < card.top || box.bottom > card.bottom) wrong.push(`"${words}" leaves the card`);
      }
      const names = [...chart.querySelectorAll('.moment-label, .level-label')].map((text) => ({ words: text.textContent ?? '', box: text.getBoundingClientRect() }));
      for (const [index, one] of names.entries()) {
        for (const other of names.slice(index + 1)) {
          const apart =
            one.box.right <= other.box.left || other.box.right <= one.box.left || one.box.bottom <= other.box.top + 3 || other.box.bottom <= one.box.top + 3;
          if (!apart) wrong.push(`"${one.words}" lies on "${other.words}"`);
        }
      }
    }
    return wrong;
  });
}

for (const { name, width, height } of [
  { name: 'desktop', width: 1280, height: 800 },
  { name: 'phone', width: 390, height: 844 },
]) {
  test.describe(name, () => {
    test.use({ viewport: { width, height } });

    test('a chart shows the breach itself from its first values on, and its words stay on the card', async ({ page, calm }) => {
      // A series that is only seconds old when the incident opens.
      const queue = calm.queue('imports', 7_000);
      await incident(calm);
      await page.waitForTimeout(1_500);
      await page.goto('/ops/incidents/1');
      await live(page);
      const points = await page.locator('.chart .course').first().getAttribute('points');
      expect(points?.split(' ').length, 'every value that memory has').toBeGreaterThan(2);
      await expect(page.locator('.chart .moment-label')).toHaveText(['began', 'opened']);
      expect(await misplaced(page)).toEqual([]);

      // Ended while it holds: it does not say that all is well. Then it is opened again.
      await page.getByRole('button', { name: 'Acknowledge' }).click();
      await expect(page.locator('.decision .primary')).toHaveText('Open the runbook: Queue');
      await expect(page.locator('.decision .primary')).toBeInViewport();
      await expect(page.locator('.decision')).toContainText('1 signal is still past its threshold.');
      await page.getByRole('button', { name: 'Resolve', exact: true }).click();
      await expect(page.locator('.brief .lead')).toContainText('resolved it while 1 signal was still past its threshold');
      await expect(page.locator('.facts')).not.toContainText('Now');
      await expect(page.locator('.facts')).toContainText('Handled by');
      await page.locator('.step > summary').click();
      await page.getByRole('button', { name: 'Reopen' }).click();
      await expect(page.locator('#said-steps')).toContainText('Reopened.');
      await page.reload();
      await live(page);
      await expect(page.locator('.chart .moment-label')).toContainText(['began', 'opened', 'reopened']);
      expect(await misplaced(page)).toEqual([]);
      queue.stop();
    });
  });
}

test('what is no longer heard is not told as it is now', async ({ page, context, calm, watch }) => {
  test.setTimeout(120_000);
  const queue = calm.queue('imports', 7_000);
  await incident(calm);
  const health = await context.newPage();
  watch(health);
  await health.goto('/ops/health');
  await live(health);
  await page.goto('/ops/incidents/1');
  await live(page);
  await expect(page.locator('.facts')).toContainText('Now');
  queue.stop();
  // Both pages say so by themselves.
  await expect(page.locator('.facts')).toContainText('Last reading', { timeout: 60_000 });
  await expect(page.locator('.facts')).not.toContainText('Now');
  await expect(page.locator('.breaches')).toContainText(/last reading .* ago: 7,000 jobs/);
  await health.bringToFront();
  const row = health.locator('[data-row="queue.depth service:imports"]');
  await expect(row).toContainText(/last reading .* ago/);
  const end = async () => Number((await row.locator('polyline').getAttribute('points'))?.split(' ').pop()?.split(',')[0]);
  expect(await end(), 'the line ends where it was heard last').toBeLessThan(1_190);
  // Heard again.
  const again = calm.queue('imports', 7_100);
  await expect(row).not.toContainText('last reading');
  await page.bringToFront();
  await expect(page.locator('.facts [data-reading]')).toHaveText('7,100 jobs');
  await expect(page.locator('.facts')).toContainText('Now');
  again.stop();
});

test('an answer stands beside the button that was pressed', async ({ page, calm, complaints }) => {
  const queue = calm.queue('imports', 7_000);
  await incident(calm);
  await page.setViewportSize({ width: 390, height: 844 });
  await page.goto('/ops/incidents/1');
  await live(page);
  await page.getByLabel('Add a comment').fill('   ');
  await page.getByRole('button', { name: 'Post', exact: true }).click();
  await expect(page.locator('#said-comment')).toHaveText('The text is empty; enter at least one word. Nothing was changed.');
  await expect(page.locator('#said-comment')).toBeInViewport();
  await page.getByLabel('Add a comment').fill('It hangs.');
  await page.getByRole('button', { name: 'Post', exact: true }).click();
  await expect(page.locator('#said-comment')).toHaveText('Comment added.');
  await expect(page.locator('#said-comment')).toBeInViewport();
  // The browser notes that the first was refused.
  const others = complaints.splice(0).filter((complaint) => !complaint.includes('422'));
  expect(others).toEqual([]);
  queue.stop();
});

test.describe('without script', () => {
  test.use({ javaScriptEnabled: false });

  test('what is refused says which rule it breaks, and keeps what was typed', async ({ page, calm, complaints }) => {
    const queue = calm.queue('imports', 7_000);
    await incident(calm);
    await page.goto('/ops/incidents/1');
    await page.getByLabel('Add a comment').fill(' \n ');
    const answered = page.waitForResponse((answer) => answer.request().method() === 'POST');
    await page.getByRole('button', { name: 'Post', exact: true }).click();
    expect((await answered).status()).toBe(422);
    await expect(page.locator('#said-comment')).toHaveText('The text is empty; enter at least one word. Nothing was changed.');
    await expect(page.locator('#said-comment')).toBeInViewport();
    await page.getByLabel('Add a comment').fill('first\n</textarea> & second \u0007');
    await page.getByRole('button', { name: 'Post', exact: true }).click();
    await expect(page.locator('#said-comment')).toContainText('the control character U+0007');
    await expect(page.getByLabel('Add a comment')).toHaveValue('first\n</textarea> & second \u0007');
    await page.getByLabel('Add a comment').fill('first and second');
    await page.getByRole('button', { name: 'Post', exact: true }).click();
    await expect(page).toHaveURL(/done=commented#said-comment$/);
    await expect(page.locator('.timeline')).toContainText('first and second');
    const others = complaints.splice(0).filter((complaint) => !complaint.includes('422'));
    expect(others).toEqual([]);
    queue.stop();
  });
});
