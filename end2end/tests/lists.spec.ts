// The history and the journal: filters that act as one types, figures, days, and details that are folded.
import { type Page, type Program, expect, live, test } from '../harness/test';

/** Two incidents, the first of them resolved. */
async function twoIncidents(calm: Program): Promise<void> {
  const count = async () => {
    const { active, resolved } = await calm.get<{ active: unknown[]; resolved: unknown[] }>('/api/ops/incidents');
    return active.length + resolved.length;
  };
  const imports = calm.queue('imports', 7_000);
  await expect.poll(count, { timeout: 20_000 }).toBe(1);
  imports.is(3);
  await resolve(calm, 1);
  imports.stop();
  const mails = calm.queue('mails', 7_000);
  await expect.poll(count, { timeout: 20_000 }).toBe(2);
  mails.stop();
}

/** Resolves an incident by the interface. */
async function resolve(calm: Program, number: number): Promise<void> {
  const answer = await fetch(`${calm.address}/api/ops/incidents/${number}/resolve`, {
    method: 'POST',
    headers: { cookie: calm.cookie, origin: calm.address, 'content-type': 'application/json' },
    body: '{"note":"The importer was restarted."}',
  });
  expect(answer.status).toBe(200);
}

const cards = (page: Page) => page.locator('.history .card');

test('the history is filtered as one types, and the address has what is set', async ({ page, calm }) => {
  await twoIncidents(calm);
  await page.goto('/ops/incidents');
  await live(page);
  await page.getByRole('link', { name: 'History' }).first().click();
  await expect(cards(page)).toHaveCount(2);
  await expect(page.locator('.figures')).toContainText('Last 30 days: 2 incidents');
  await expect(page.locator('.card.over .card-foot')).toContainText(/lasted \d+ (s|min)/);

  const loads: string[] = [];
  page.on('request', (request) => {
    if (request.isNavigationRequest()) loads.push(request.url());
  });
  const words = page.getByLabel('Words');
  await words.pressSequentially('imprts', { delay: 40 });
  await expect(page.locator('.history .empty')).toContainText('No matching incidents.');
  // The caret stays where it is put.
  await words.press('ArrowLeft');
  await words.press('ArrowLeft');
  await words.press('ArrowLeft');
  await words.press('o');
  await expect(cards(page)).toHaveCount(1);
  await expect(words).toBeFocused();
  await expect(words).toHaveValue('imports');
  expect(await words.evaluate((field: HTMLInputElement) => field.selectionStart)).toBe(4);
  await expect(page).toHaveURL(`${calm.address}/ops/history?text=imports`);
  await expect(page.locator('.figures')).toContainText('1 matching incident');

  await expect(page.getByLabel('Subject begins with'), 'the other fields are folded').toBeHidden();
  await page.locator('#filters > summary').click();
  await page.getByLabel('Severity').selectOption('warning');
  await expect(page).toHaveURL(`${calm.address}/ops/history?text=imports&severity=warning`);
  await expect(cards(page)).toHaveCount(0);
  await page.getByLabel('Severity').selectOption('');
  await expect(page).toHaveURL(`${calm.address}/ops/history?text=imports`);
  await page.getByLabel('From (your time)').fill('2026-01-02');
  await expect(page).toHaveURL(/\?text=imports&from=2026-01-02&offset=-?\d+$/);
  await expect(cards(page)).toHaveCount(1);
  expect(loads, 'the page was never loaded again').toEqual([]);

  // An incident and back: the search is there. Back once more: the page before, not each letter.
  await cards(page).getByRole('link').click();
  await expect(page.locator('.brief')).toBeVisible();
  await page.goBack();
  await expect(words).toHaveValue('imports');
  await expect(page.locator('#filters')).toHaveAttribute('open');
  await expect(cards(page)).toHaveCount(1);
  await page.goBack();
  await expect(page).toHaveURL(/\/ops\/incidents$/);
});

test('charts of the history lead to the search of a day, and stay as the reader left them', async ({ page, calm }) => {
  await twoIncidents(calm);
  await page.goto('/ops/history');
  await live(page);
  const charts = page.locator('#charts');
  await expect(charts).toHaveAttribute('open');
  await expect(page.getByRole('img', { name: /^Incidents by week: 2 in 13 weeks, 2 critical\./ })).toBeVisible();
  await expect(page.getByRole('img', { name: /^Time to recover: / })).toBeVisible();
  await expect(page.locator('.busiest li')).toHaveCount(2);
  await expect(page.locator('.calm-days > p')).toContainText(/1 critical/);
  await expect(page.locator('.calendar .is-calm'), 'nobody watched before the start').toHaveCount(0);
  await page.locator('#chart-figures > summary').click();
  await expect(page.locator('#chart-figures tbody tr')).toHaveCount(13);

  await page.locator('.calendar a').click();
  await expect(page).toHaveURL(/\/ops\/history\?from=(\d{4}-\d\d-\d\d)&to=\1&offset=0$/);
  await expect(cards(page)).toHaveCount(2);
  await expect(charts).toHaveAttribute('open');
  await page.locator('#charts > summary').click();
  await expect(charts).not.toHaveAttribute('open');
  await page.getByLabel('Words').pressSequentially('imports', { delay: 40 });
  await expect(cards(page)).toHaveCount(1);
  await expect(charts, 'closed by the reader').not.toHaveAttribute('open');
});

test('the journal has days, groups and details', async ({ page, calm }) => {
  await twoIncidents(calm);
  await page.goto('/ops/journal');
  await live(page);
  const now = new Date();
  const day = now.toLocaleDateString('en-GB', { weekday: 'long', timeZone: 'Europe/Berlin' });
  await expect(page.locator('.trail .day:visible').first()).toHaveText(new RegExp(`^${day}, \\d+ \\w+ \\d{4}$`));
  await expect(page.locator('.trail time').first()).toHaveText(/^\d\d:\d\d:\d\d$/);
  await expect(page.getByText('Times are in your time zone.')).toBeVisible();
  await expect(page.locator('.hashes:visible')).toHaveCount(0);
  await page.locator('.trail').getByText('Details', { exact: true }).first().click();
  await expect(page.locator('.hashes:visible')).toContainText('Hash of the entry before it');

  await page.getByRole('link', { name: 'Decisions', exact: true }).click();
  await expect(page).toHaveURL(`${calm.address}/ops/journal?group=decisions`);
  await expect(page.locator('.trail > li')).toHaveCount(1);
  await expect(page.locator('.trail')).toContainText('The importer was restarted.');
  await expect(page.getByRole('link', { name: 'Decisions', exact: true })).toHaveAttribute('aria-current', 'true');
  await page.getByRole('link', { name: 'People', exact: true }).click();
  await expect(page.locator('.trail')).toContainText('joined as owner');
  await expect(page.locator('.trail')).not.toContainText('The importer was restarted.');
  await page.goBack();
  await expect(page.locator('.trail > li')).toHaveCount(1);
  await page.getByRole('link', { name: 'All', exact: true }).click();
  await expect(page).toHaveURL(`${calm.address}/ops/journal`);
});

test.describe('without script', () => {
  test.use({ javaScriptEnabled: false });

  test('both lists are searched by forms and links', async ({ page, calm }) => {
    await twoIncidents(calm);
    await page.goto('/ops/history');
    await page.getByLabel('Words').fill('imports');
    await page.locator('#filters > summary').click();
    await page.getByLabel('From (UTC)').fill('2026-01-02');
    await page.getByRole('button', { name: 'Search' }).click();
    await expect(page).toHaveURL(/text=imports/);
    await expect(cards(page)).toHaveCount(1);
    await expect(page.locator('#filters'), 'open, as one of them is set').toHaveAttribute('open');

    await page.goto('/ops/history');
    await page.locator('.calendar a').click();
    await expect(cards(page)).toHaveCount(2);

    await page.goto('/ops/journal');
    await expect(page.locator('.trail .day').first()).toHaveText(/, UTC$/);
    await page.getByRole('link', { name: 'Decisions', exact: true }).click();
    await expect(page.locator('.trail > li')).toHaveCount(1);
    await page.locator('.trail').getByText('Details', { exact: true }).click();
    await expect(page.locator('.hashes')).toBeVisible();
  });
});
