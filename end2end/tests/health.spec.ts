// The health page at a glance: tiles, search and cards, for a few subjects and for many.
import { type Observation, type Page, type Program, expect, live, test } from '../harness/test';

const jobs = (count: number, value: (index: number) => number): Observation[] =>
  Array.from({ length: count }, (_, index) => ({ signal: 'queue.depth', subject: `service:job-${index}`, value: value(index), unit: 'jobs' }));

/** Pushes the same again until it has become an incident. */
async function incident(calm: Program, ...observations: Observation[]): Promise<void> {
  const active = async () => {
    await calm.push(...observations);
    return (await calm.get<{ active: unknown[] }>('/api/ops/incidents')).active.length;
  };
  await expect.poll(active, { timeout: 20_000 }).toBeGreaterThan(0);
}

/** Names of the tiles, in their order. */
const tiles = (page: Page) => page.locator('.tiles .tile bdi').allInnerTexts();

test('a tile tells its status in words and leads to its card, which opens', async ({ page, calm }) => {
  await incident(calm, ...jobs(60, (index) => (index === 40 ? 9_000 : 10)));
  await page.goto('/ops/health');
  await live(page);
  // The worst is first, on the strip and among the cards.
  await expect(page.locator('.tile').first()).toHaveAttribute('title', 'job-40: critical');
  await expect(page.locator('.group').first()).toHaveClass(/is-critical/);
  await expect(page.locator('.group').first().locator('details.subject')).toHaveAttribute('open', '');
  const card = page.getByRole('region', { name: 'service job-7', exact: true });
  await expect(card.locator('details.subject')).not.toHaveAttribute('open');
  await expect(card.locator('.counts')).toHaveText('1 healthy');
  await page.getByRole('link', { name: 'job-7: healthy', exact: true }).click();
  await expect(page).toHaveURL(/#subject-service:job-7$/);
  await expect(card).toBeInViewport();
  await expect(card.locator('details.subject > summary')).toBeFocused();
  const row = card.getByRole('link', { name: 'Queue depth' });
  await expect(row).toHaveAttribute('href', '/ops/signals/queue.depth?subject=service%3Ajob-7');
  // Who has no use for 60 links passes over them.
  await page.locator('.glance .skip').focus();
  await page.keyboard.press('Enter');
  await expect(page.locator('#subjects')).toBeFocused();
});

test('what one types is found at once, stands in the address, and asks the server for nothing', async ({ page, calm }) => {
  await incident(calm, ...jobs(30, (index) => (index === 4 ? 9_000 : 10)));
  await page.goto('/ops/health');
  await live(page);
  const asked: string[] = [];
  // Chromium asks for the icon again whenever the address is another one.
  page.on('request', (request) => asked.push(...[new URL(request.url()).pathname].filter((path) => !path.startsWith('/icons/'))));
  const find = page.getByLabel('Find a subject');
  await find.pressSequentially('job-1', { delay: 20 });
  await expect(find).toHaveValue('job-1');
  await expect(page).toHaveURL(/\/ops\/health\?q=job-1$/);
  await expect(page.locator('.group')).toHaveCount(11);
  await expect(page.locator('.tile')).toHaveCount(11);
  await expect(find).toBeFocused();
  await find.fill('');
  await page.getByRole('radio', { name: /^only problems/ }).check();
  await expect(page).toHaveURL(/\/ops\/health\?status=problems$/);
  expect(await tiles(page)).toEqual(['job-4']);
  await find.fill('nothing like that');
  await expect(page.getByText('No subject matches.')).toBeVisible();
  await page.getByRole('link', { name: 'Clear' }).click();
  await expect(page).toHaveURL(/\/ops\/health$/);
  await expect(find).toHaveValue('');
  // This host's own subjects come and go; those of the test are all there again.
  await expect.poll(async () => (await page.locator('.group').count()) - (await page.locator('.tile').count())).toBe(0);
  await expect(page.locator('.group', { hasText: 'job-' })).toHaveCount(30);
  expect(asked, 'an open page asks the server for nothing').toEqual([]);
  // The address alone brings the same page.
  await page.goto('/ops/health?q=job-1&status=healthy');
  await live(page);
  await expect(page.locator('.group')).toHaveCount(11);
  await expect(find).toHaveValue('job-1');
});

test('nothing moves under whoever points at it, and what a reader opened stays open', async ({ page, calm }) => {
  const values = Array.from({ length: 30 }, () => 10);
  const push = () => calm.push(...jobs(30, (index) => values[index]));
  await push();
  await page.goto('/ops/health');
  await live(page);
  const card = page.getByRole('region', { name: 'service job-9', exact: true }).locator('details.subject');
  await card.locator('> summary').click();
  await expect(card.locator('.row .value')).toHaveText('10 jobs');
  const before = await tiles(page);
  // A new incident pushes the strip away from the pointer; the focus stays.
  await page.locator('.tile').nth(5).focus();
  values[20] = 9_000;
  values[9] = 11;
  for (let round = 0; round < 6; round += 1) {
    await push();
    await page.waitForTimeout(500);
  }
  await expect(page.getByRole('link', { name: 'job-20: critical' })).toBeVisible();
  expect((await tiles(page)).slice(0, before.length), 'the strip keeps its order while it has the focus').toEqual(before);
  await expect(card).toHaveAttribute('open', '');
  await expect(card.locator('.row .value')).toHaveText('11 jobs');
  // It is sorted as soon as the focus has gone, and not while the pointer is there.
  await page.locator('.tile').nth(5).hover();
  await page.evaluate(() => (document.activeElement as HTMLElement).blur());
  await page.waitForTimeout(300);
  expect((await tiles(page)).slice(0, before.length), 'the strip keeps its order under the pointer').toEqual(before);
  await page.mouse.move(5, 5);
  await expect.poll(async () => (await tiles(page))[0]).toBe('job-20');
  await expect(card).toHaveAttribute('open', '');
  // The card of what went wrong is open, and what is wrong there comes first.
  const bad = page.getByRole('region', { name: 'service job-20', exact: true }).locator('details.subject');
  await expect(bad).toHaveAttribute('open', '');
  await expect(bad.locator('.row').first()).toHaveClass(/is-critical/);
  await expect(bad.locator('.day')).toHaveAttribute('title', /critical from \d\d:\d\d until now/);
});

test.describe('without script', () => {
  test.use({ javaScriptEnabled: false });

  test('the page is searched by its form, and every row can be read', async ({ page, calm }) => {
    await incident(calm, ...jobs(30, (index) => (index === 4 ? 9_000 : 10)));
    await page.goto('/ops/health');
    await expect(page.locator('.tile').first()).toHaveAttribute('title', 'job-4: critical');
    await page.getByLabel('Find a subject').fill('job-2');
    await page.getByRole('button', { name: 'Search' }).click();
    await expect(page).toHaveURL(/\?q=job-2&/);
    await expect(page.locator('.group')).toHaveCount(11);
    const card = page.getByRole('region', { name: 'service job-25', exact: true });
    await card.locator('summary').first().click();
    await expect(card.locator('.row .value')).toHaveText('10 jobs');
    await page.getByRole('radio', { name: /^only problems/ }).check();
    await page.getByRole('button', { name: 'Search' }).click();
    await expect(page.getByText('No subject matches.')).toBeVisible();
    await page.getByRole('link', { name: 'Clear' }).click();
    await expect(page.locator('.group').first()).toHaveClass(/is-critical/);
  });
});
