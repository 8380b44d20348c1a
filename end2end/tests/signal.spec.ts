// The history of a signal: any period, a value under the pointer and by keyboard, zoom, and the same without script.
import { readFileSync } from 'node:fs';
import { type Page, type Program, expect, live, stumbles, test } from '../harness/test';

const ADDRESS = '/ops/signals/queue.depth?subject=service%3Aimports';

async function incident(calm: Program): Promise<void> {
  await expect
    .poll(async () => (await calm.get<{ active: unknown[] }>('/api/ops/incidents')).active.length, { timeout: 20_000 })
    .toBeGreaterThan(0);
}

/** Values of the last half hour, as a program would have sent them that has them from its own log. */
async function past(calm: Program): Promise<void> {
  const now = Date.now();
  const observations = Array.from({ length: 90 }, (_, index) => ({
    signal: 'queue.depth',
    subject: 'service:imports',
    value: 100 + index,
    unit: 'jobs',
    at: new Date(now - (90 - index) * 20_000).toISOString(),
  }));
  await calm.push(...observations);
}

/** The plot, which takes pointer and keys. */
const plot = (page: Page) => page.getByRole('slider', { name: 'Values of Queue depth of imports' });

/** Where a part of the plot's width is on the screen. */
async function place(page: Page, part: number): Promise<{ x: number; y: number }> {
  const box = await plot(page).boundingBox();
  if (!box) throw new Error('the plot is not shown');
  return { x: box.x + box.width * part, y: box.y + box.height / 2 };
}

test('from an incident to the history of its signal, another period, and back', async ({ page, calm }) => {
  await past(calm);
  const queue = calm.queue('imports', 7_000);
  await incident(calm);
  await page.goto('/ops/incidents/1');
  await live(page);
  await page.locator('.chart figcaption a').first().click();
  await expect(page).toHaveURL(new RegExp(`${ADDRESS.replace('?', '\\?')}$`));
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Queue depth of imports');
  await expect(page.getByRole('heading', { level: 1 })).toBeFocused();
  await expect(page.locator('.present')).toContainText('7,000 jobs');
  await expect(page.locator('.ranges [aria-current]')).toHaveText('24 h');
  await expect(page.locator('main')).toContainText('Warning above 1,000 jobs for 1 s; critical above 5,000 jobs for 1 s.');
  await expect(page.locator('main')).toContainText('It has recovered at 500 jobs or below.');
  await expect(page.locator('.happened').first()).toContainText('Incident 1');
  await expect(page.locator('.chart rect.strip')).toHaveCount(1);
  await page.getByRole('link', { name: '1 h', exact: true }).click();
  await expect(page.locator('.ranges [aria-current]')).toHaveText('1 h');
  await expect(page).toHaveURL(/range=1h$/);
  expect(await stumbles(page)).toEqual([]);
  // It goes on with what comes.
  queue.is(7_777);
  await expect(page.locator('.present')).toContainText('7,777 jobs');
  await page.goBack();
  await expect(page.locator('.ranges [aria-current]')).toHaveText('24 h');
  await page.goBack();
  await expect(page).toHaveURL(/\/ops\/incidents\/1$/);
  queue.stop();
});

test('a value is told under the pointer and by keyboard, and nothing moves', async ({ page, calm }) => {
  await past(calm);
  await page.goto(`${ADDRESS}&range=1h`);
  await live(page);
  const readout = page.locator('.chart .readout');
  await expect(readout).toHaveText(/^Between 100 jobs and 189 jobs$/);
  const height = async () => (await page.locator('.chart').boundingBox())?.height;
  const before = await height();
  const { x, y } = await place(page, 0.8);
  await page.mouse.move(x, y);
  await expect(readout).toHaveText(/^\d+ \w+ \d{4}, \d{2}:\d{2}:\d{2}: \d+ jobs/);
  await expect(page.locator('.chart .hairline')).not.toHaveClass(/unseen/);
  // Before there was anything.
  const early = await place(page, 0.1);
  await page.mouse.move(early.x, early.y);
  await expect(readout).toHaveText(/: no data$/);
  expect(await height(), 'nothing moves').toBe(before);
  await page.mouse.move(0, 0);
  await expect(readout).toHaveText(/^Between/);

  await plot(page).focus();
  await page.keyboard.press('End');
  await expect(readout).toContainText('189 jobs');
  await expect(plot(page)).toHaveAttribute('aria-valuetext', /189 jobs/);
  await page.keyboard.press('Home');
  await expect(readout).toContainText('100 jobs');
  await page.keyboard.press('ArrowRight');
  await expect(readout).not.toContainText(': 100 jobs');
  await expect(plot(page)).toHaveAttribute('aria-valuenow', '1');
  await page.keyboard.press('Escape');
  await expect(readout).toHaveText(/^Between/);
});

test('dragging zooms, Escape cancels, and back returns', async ({ page, calm }) => {
  await past(calm);
  await page.goto(`${ADDRESS}&range=1h`);
  await live(page);
  const drag = async (from: number, to: number) => {
    const [begin, end] = [await place(page, from), await place(page, to)];
    await page.mouse.move(begin.x, begin.y);
    await page.mouse.down();
    await page.mouse.move((begin.x + end.x) / 2, end.y);
    await page.mouse.move(end.x, end.y);
  };
  await drag(0.6, 0.8);
  await expect(page.locator('.chart .selection')).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(page.locator('.chart .selection')).toBeHidden();
  await page.mouse.up();
  await expect(page).toHaveURL(/range=1h$/);

  await drag(0.8, 0.6);
  await page.mouse.up();
  await expect(page).toHaveURL(/&from=[\dTZ:-]+&to=[\dTZ:-]+$/);
  await expect(page.locator('.ranges [aria-current]')).toHaveCount(0);
  const address = new URL(page.url());
  const seconds = (name: string) => Date.parse(address.searchParams.get(name) ?? '') / 1_000;
  expect(seconds('to') - seconds('from'), 'a fifth of an hour').toBeGreaterThan(650);
  expect(seconds('to') - seconds('from')).toBeLessThan(790);
  await page.getByRole('link', { name: 'Zoom out' }).click();
  await expect.poll(() => new URL(page.url()).searchParams.get('from')).not.toBe(address.searchParams.get('from'));
  await page.goBack();
  await page.goBack();
  await expect(page).toHaveURL(/range=1h$/);
  await expect(page.locator('.ranges [aria-current]')).toHaveText('1 h');

  // By keyboard too.
  await plot(page).focus();
  await page.keyboard.press('End');
  for (let turn = 0; turn < 3; turn++) await page.keyboard.press('Shift+PageDown');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/&from=[\dTZ:-]+&to=[\dTZ:-]+$/);
});

test.describe('a phone', () => {
  test.use({ viewport: { width: 390, height: 844 }, hasTouch: true });

  test('a finger chooses a value, and everything fits', async ({ page, calm }) => {
    await past(calm);
    await page.goto(`${ADDRESS}&range=1h`);
    await live(page);
    const { x, y } = await place(page, 0.8);
    await page.touchscreen.tap(x, y);
    await expect(page.locator('.chart .readout')).toHaveText(/\d+ jobs/);
    await expect(page).toHaveURL(/range=1h$/);
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    expect(width).toBeLessThanOrEqual(390);
    expect(await stumbles(page)).toEqual([]);
  });
});

test('the values are downloaded as CSV', async ({ page, calm }) => {
  await past(calm);
  await page.goto(`${ADDRESS}&range=1h`);
  const coming = page.waitForEvent('download');
  await page.getByRole('link', { name: 'Download as CSV' }).click();
  const download = await coming;
  expect(download.suggestedFilename()).toBe('calm-ops-queue.depth-service-imports.csv');
  const lines = readFileSync(await download.path(), 'utf8').trimEnd().split('\r\n');
  expect(lines[0]).toBe('time,min,mean,max');
  expect(lines.length).toBeGreaterThan(60);
  for (const line of lines.slice(1)) expect(line).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ(,[\d.]+){3}$/);
});

test('an address that names nothing says what is wrong', async ({ page, complaints }) => {
  await page.goto('/ops/signals/queue.depth?subject=service:never');
  await expect(page.locator('main')).toContainText('Calm Ops has no record of queue.depth of service:never.');
  await page.goto('/ops/signals/queue.depth?subject=service:never&range=9y');
  await expect(page.locator('main')).toContainText('use one of 1h, 24h, 7d, 30d, 90d, 2y');
  // The browser notes both statuses.
  const others = complaints.splice(0).filter((complaint) => !/404|422/.test(complaint));
  expect(others).toEqual([]);
});

test.describe('without script', () => {
  test.use({ javaScriptEnabled: false });

  test('the page is whole, and other periods are links', async ({ page, calm }) => {
    await past(calm);
    await page.goto(ADDRESS);
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Queue depth of imports');
    await expect(page.locator('.chart .course')).not.toHaveCount(0);
    await expect(page.locator('.chart .level-label').first()).toHaveText('warning 1,000 jobs');
    await expect(page.locator('.chart .pointer')).toBeHidden();
    await page.getByRole('link', { name: '7 d', exact: true }).click();
    await expect(page.locator('.ranges [aria-current]')).toHaveText('7 d');
    await page.getByText('Values as a table').click();
    await expect(page.getByRole('columnheader', { name: 'Highest' })).toBeVisible();
  });
});
