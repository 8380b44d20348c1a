// The frame around every page: the search, the shortcuts, the theme, and pages on paper.
import { type Page, type Program, expect, live, stumbles, test } from '../harness/test';

/** Waits until there is an incident, without a browser. */
async function incident(calm: Program): Promise<void> {
  await expect
    .poll(async () => (await calm.get<{ active: unknown[] }>('/api/ops/incidents')).active.length, { timeout: 20_000 })
    .toBeGreaterThan(0);
}

const dialog = (page: Page) => page.getByRole('dialog');
const field = (page: Page) => page.getByRole('combobox', { name: /^Search/ });

test('the search finds an incident, a subject and a section of the runbook, and leads there', async ({ page, calm }) => {
  const queue = calm.queue('imports', 6_000);
  await incident(calm);
  await page.goto('/ops/journal');
  await live(page);

  // Opened by the keyboard, left by Escape: the focus returns to where it was.
  const link = page.locator('.places').getByRole('link', { name: 'Incidents' });
  await link.focus();
  await page.keyboard.press('Control+k');
  await expect(field(page)).toBeFocused();
  await expect(page.getByRole('option', { name: /^Incident 1:/ })).toHaveAttribute('aria-selected', 'true');
  expect(await stumbles(page), 'the open search').toEqual([]);
  await page.keyboard.press('Escape');
  await expect(dialog(page)).toBeHidden();
  await expect(link).toBeFocused();

  // An incident.
  await page.keyboard.press('Control+k');
  await field(page).fill('IMPORTS incident');
  await expect(page.getByRole('dialog').getByRole('option').first()).toContainText('Incident 1:');
  expect(await stumbles(page), 'the search with results').toEqual([]);
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/\/ops\/incidents\/1$/);
  await expect(page.locator('main h1')).toBeFocused();

  // A section of the runbook, by arrow keys: the first result is selected, and the selection goes round.
  await page.keyboard.press('Control+k');
  await field(page).fill('crash lo');
  const section = page.getByRole('group', { name: 'Runbook' }).getByRole('option', { name: 'Crash loop' });
  await expect(section).toHaveAttribute('aria-selected', 'true');
  await page.keyboard.press('ArrowUp');
  await expect(section).toHaveAttribute('aria-selected', 'false');
  await page.keyboard.press('ArrowDown');
  await expect(section).toHaveAttribute('aria-selected', 'true');
  await expect(field(page)).toHaveAttribute('aria-activedescendant', (await section.getAttribute('id')) ?? '');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/\/ops\/runbook#crash-loop$/);
  await expect(page.locator('#crash-loop')).toBeInViewport();

  // A subject, by the pointer; what is nowhere can be searched in the history.
  await page.locator('.places').getByRole('link', { name: 'Search' }).click();
  await field(page).fill('service:imports');
  await page.getByRole('group', { name: 'Subjects' }).getByRole('option').first().click();
  await expect(page).toHaveURL(/\/ops\/health#subject-service:imports$/);
  await expect(page.locator('[id="subject-service:imports"]')).toBeInViewport();
  await page.keyboard.press('Control+k');
  await field(page).fill('zzz & more');
  await expect(page.getByRole('dialog').getByRole('option')).toHaveCount(1);
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/\/ops\/history\?text=zzz/);
  await expect(page.locator('main input[name=text]')).toHaveValue('zzz & more');
  queue.stop();
});

test('shortcuts lead to places, never while someone types, and can be turned off', async ({ page, calm }) => {
  const queue = calm.queue('imports', 6_000);
  await incident(calm);
  await page.goto('/ops/health');
  await live(page);
  await page.keyboard.press('g');
  await page.keyboard.press('j');
  await expect(page).toHaveURL(/\/ops\/journal$/);

  await page.goto('/ops/incidents/1');
  await live(page);
  const comment = page.getByLabel('Add a comment');
  await comment.focus();
  await page.keyboard.type('gi gj? gh');
  await expect(comment).toHaveValue('gi gj? gh');
  await expect(page).toHaveURL(/\/ops\/incidents\/1$/);
  await expect(dialog(page)).toBeHidden();

  await page.locator('main h1').click();
  await page.keyboard.press('?');
  await expect(page.getByRole('dialog', { name: 'Keyboard shortcuts' })).toBeVisible();
  expect(await stumbles(page), 'the list of shortcuts').toEqual([]);
  await page.getByLabel('Use single-key shortcuts').uncheck();
  await page.keyboard.press('Escape');
  await page.reload();
  await live(page);
  for (const key of ['?', 'g', 'h']) await page.keyboard.press(key);
  await page.waitForTimeout(300);
  await expect(page).toHaveURL(/\/ops\/incidents\/1$/);
  await expect(dialog(page)).toBeHidden();

  // The search still opens, and leads to the switch.
  await page.keyboard.press('Control+k');
  await field(page).fill('shortcuts');
  await page.keyboard.press('Enter');
  await expect(page.getByLabel('Use single-key shortcuts')).not.toBeChecked();
  await page.getByLabel('Use single-key shortcuts').check();
  await page.getByRole('button', { name: 'Close' }).click();
  await page.keyboard.press('g');
  await page.keyboard.press('h');
  await expect(page).toHaveURL(/\/ops\/health$/);

  // Keys that are pressed before the browser told that the dialog was closed are not lost.
  await page.keyboard.press('Control+k');
  await expect(field(page)).toBeFocused();
  await page.evaluate(() => {
    document.querySelector('dialog')?.close();
    for (const key of ['g', 'j']) document.body.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
  });
  await expect(page).toHaveURL(/\/ops\/journal$/);
  await expect(dialog(page)).toBeHidden();
  queue.stop();
});

const ground = (page: Page) => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
const LIGHT = 'rgb(248, 246, 242)';
const DARK = 'rgb(25, 24, 22)';

for (const javaScriptEnabled of [true, false]) {
  test.describe(`the theme, ${javaScriptEnabled ? 'with' : 'without'} script`, () => {
    test.use({ javaScriptEnabled, colorScheme: 'light' });

    test('stays as it was chosen, and comes with the document', async ({ page, calm }) => {
      await page.goto('/ops/incidents?a=1');
      if (javaScriptEnabled) await live(page);
      const root = page.locator('html');
      const button = (name: string) => page.getByRole('group', { name: 'Theme' }).getByRole('button', { name });
      await expect(root).not.toHaveAttribute('data-theme');
      await expect(button('System')).toHaveAttribute('aria-pressed', 'true');
      await button('Dark').click();
      await expect(root).toHaveAttribute('data-theme', 'dark');
      await expect(button('Dark')).toHaveAttribute('aria-pressed', 'true');
      await expect(page).toHaveURL(/\/ops\/incidents\?a=1$/);
      const cookies = (await page.context().cookies()).filter(({ name }) => name === 'calm_theme');
      expect(cookies.map(({ value, sameSite, path }) => [value, sameSite, path])).toEqual([['dark', 'Lax', '/']]);
      // Nothing flashes: the document itself says so, whatever the system prefers.
      const answer = await page.goto('/ops/health');
      expect(await answer?.text()).toMatch(/<html [^>]*data-theme="dark"/);
      if (javaScriptEnabled) {
        expect(await ground(page)).toBe(DARK);
        await page.emulateMedia({ colorScheme: 'dark' });
        await live(page);
      }
      await button('Light').click();
      await expect(root).toHaveAttribute('data-theme', 'light');
      if (javaScriptEnabled) expect(await ground(page), 'against the system').toBe(LIGHT);
      await button('System').click();
      await expect(root).not.toHaveAttribute('data-theme');
      if (javaScriptEnabled) expect(await ground(page)).toBe(DARK);
      expect((await page.context().cookies()).filter(({ name }) => name === 'calm_theme')).toEqual([]);
      expect(calm.words()).not.toContain('panicked');
    });
  });
}

test.describe('on a phone', () => {
  test.use({ viewport: { width: 390, height: 844 } });

  test('the search and the theme are there for a thumb', async ({ page }) => {
    await page.goto('/ops/health');
    await live(page);
    const search = page.locator('.places').getByRole('link', { name: 'Search' });
    const box = await search.boundingBox();
    expect(box?.width).toBeGreaterThanOrEqual(44);
    expect(box?.height).toBeGreaterThanOrEqual(44);
    await search.click();
    await field(page).fill('dark');
    await page.getByRole('option', { name: 'Theme: dark' }).click();
    await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
    await expect(page.getByRole('group', { name: 'Theme' }).getByRole('button', { name: 'Dark' })).toHaveAttribute('aria-pressed', 'true');
    expect(await stumbles(page), 'dark by choice').toEqual([]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
  });
});

test('without Wasm the search leads to past incidents', async ({ browser, calm }) => {
  const context = await browser.newContext({ javaScriptEnabled: false, baseURL: calm.address });
  const [name, value] = calm.cookie.split('=');
  await context.addCookies([{ name, value, url: calm.address }]);
  const page = await context.newPage();
  await page.goto('/ops/health');
  await page.locator('.places').getByRole('link', { name: 'Search' }).click();
  await expect(page).toHaveURL(/\/ops\/history$/);
  await context.close();
});

test('on paper an incident is a report: nothing to press, nothing folded', async ({ page, calm }) => {
  const queue = calm.queue('imports', 6_000);
  await incident(calm);
  await page.goto('/ops/incidents/1');
  await live(page);
  await page.getByRole('group', { name: 'Theme' }).getByRole('button', { name: 'Dark' }).click();
  await expect(page.locator('.on-paper')).toBeHidden();
  const folds = page.locator('main details:not(form details):not(:has(form))');
  expect(await folds.count(), 'the page has folds').toBeGreaterThan(0);
  const inside = folds.first().locator('> :not(summary)').first();
  await expect(inside).toBeHidden();

  await page.emulateMedia({ media: 'print' });
  await expect(inside).toBeVisible();
  await expect(page.locator('.on-paper')).toHaveText(/^Printed from Calm Ops, as of \d{1,2} [A-Z][a-z]{2} \d{4}, \d\d:\d\d:\d\d\.$/);
  for (const gone of ['.places', '.frame-foot', 'dialog', '.skip']) await expect(page.locator(gone).first()).toBeHidden();
  const pressed = await page.locator('button, form, input, textarea, .button').evaluateAll((all) => all.filter((one) => one.checkVisibility()).length);
  expect(pressed, 'nothing to press').toBe(0);
  await expect(page.locator('main h1')).toBeVisible();
  await expect(page.locator('main .chart').first()).toBeVisible();
  expect(await ground(page), 'white, whatever the theme').toBe('rgb(255, 255, 255)');
  queue.stop();
});

test('what collectors report has the same labels and order in the browser as on the server', async ({ page, calm }) => {
  // The labels of every row, by what it is about.
  const labels = () => page.evaluate(() => [...document.querySelectorAll('[data-row]')].map((row) => `${row.getAttribute('data-row')}: ${row.querySelector('.label')?.textContent}`));
  // A share of the processors' time needs two looks: then all of the host's readings are there.
  await expect
    .poll(async () => (await calm.get<{ now: { readings: { signal: string }[] } }>('/api/ops/health')).now.readings.map(({ signal }) => signal), { timeout: 20_000 })
    .toEqual(expect.arrayContaining(['host.cpu.used', 'host.memory.used']));
  await page.goto('/ops/health');
  await live(page);
  const rendered = (await labels()).filter((row) => row.includes('host.'));
  expect(rendered.join(), 'declared labels').toContain('Memory used');
  await page.locator('.places').getByRole('link', { name: 'History' }).click();
  await expect(page).toHaveURL(/\/ops\/history/);
  await page.locator('.places').getByRole('link', { name: 'Health' }).click();
  await expect(page.locator('[data-row]').first()).toBeAttached();
  expect((await labels()).filter((row) => row.includes('host.'))).toEqual(rendered);
});
