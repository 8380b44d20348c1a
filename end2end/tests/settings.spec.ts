// Settings, sign-in and join: alive, without a reload, and just as good without script.
import { writeFileSync } from 'node:fs';
import { expect, live, OWNER, test } from '../harness/test';

test('a token is made in place, copied with its command, and revoked', async ({ page, context, calm }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: calm.address });
  await page.goto('/ops/health');
  await live(page);
  await page.evaluate(() => Object.assign(window, { kept: true }));
  await page.locator('a.me[href="/ops/settings"]').click();
  await page.getByRole('navigation', { name: 'Settings' }).getByRole('link', { name: 'Tokens' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'API tokens' })).toBeVisible();
  await page.getByLabel('Name').fill('imports');
  await page.getByRole('button', { name: 'Create token' }).click();
  const told = page.locator('#said-tokens');
  await expect(told).toBeFocused();
  const token = (await told.locator('.secret').textContent()) ?? '';
  expect(token).toMatch(/^[0-9a-f]{64}$/);
  await told.getByRole('button', { name: 'Copy', exact: true }).click();
  await expect(told.getByText('Copied.')).toBeVisible();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(token);
  await told.getByRole('button', { name: 'Copy command' }).click();
  await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toContain(`curl ${calm.address}/api/ops/signals -H 'authorization: Bearer ${token}'`);
  // What is listed follows at once, and the form is empty again.
  await expect(page.locator('.listed')).toContainText('imports, ingest, not used yet');
  await expect(page.getByLabel('Name')).toHaveValue('');
  await page.getByRole('button', { name: 'Revoke' }).click();
  await expect(told).toHaveText('Token revoked.');
  await expect(page.locator('.listed')).not.toContainText('imports');
  expect(await page.evaluate(() => 'kept' in window), 'nothing was loaded again').toBe(true);
  await page.reload();
  await live(page);
  expect(await page.content(), 'a secret is shown once').not.toContain(token);
});

test('what was typed survives a refusal, and the sentence has the focus', async ({ page, complaints }) => {
  await page.goto('/ops/settings/notifications');
  await live(page);
  await page.getByText('Add a phone (ntfy)').click();
  const form = page.locator('details.add').filter({ hasText: 'Add a phone (ntfy)' });
  await form.getByLabel('Server', { exact: true }).fill('ftp://ntfy.example');
  await form.getByLabel('Topic', { exact: true }).fill('calm-ops-8f3k');
  await form.getByLabel('Name', { exact: true }).fill('At night');
  await form.getByRole('button', { name: 'Add and send a test' }).click();
  const told = page.locator('#said-contacts');
  await expect(told).toContainText('only http and https');
  await expect(told).toBeFocused();
  await expect(form.getByLabel('Name', { exact: true })).toHaveValue('At night');
  await expect(form.getByLabel('Topic', { exact: true })).toHaveValue('calm-ops-8f3k');
  expect(complaints.splice(0).filter((complaint) => !complaint.includes('422'))).toEqual([]);
});

test('a page of the settings follows what happens elsewhere', async ({ page, calm }) => {
  await page.goto('/ops/settings');
  await live(page);
  const devices = page.locator('section').filter({ hasText: 'Where you are signed in' }).locator('.listed > li');
  await expect(devices).toHaveCount(1);
  await page.getByLabel('Current password').fill('half typed');
  await calm.signIn();
  await expect(devices).toHaveCount(2);
  await expect(page.getByLabel('Current password')).toHaveValue('half typed');
});

test('sign-in is a document of its own: it says why, and opens no stream', async ({ browser, calm }) => {
  const context = await browser.newContext({ baseURL: calm.address });
  const page = await context.newPage();
  const asked: string[] = [];
  page.on('request', (request) => asked.push(new URL(request.url()).pathname));
  await page.goto('/ops/incidents/7');
  await expect(page).toHaveURL(/\/sign-in\?to=/);
  await expect(page.getByText('Sign in to see incident 7.')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Sign in with a passkey' })).toBeEnabled();
  expect(asked.filter((path) => path.startsWith('/api/') || path.endsWith('.wasm'))).toEqual([]);
  await page.getByLabel('Name').fill(OWNER.name);
  await page.getByLabel('Password').fill('wrong wrong wrong');
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await expect(page.getByRole('alert')).toBeVisible();
  await expect(page.getByLabel('Name')).toHaveValue(OWNER.name);
  await expect(page.getByText('Sign in to see incident 7.')).toBeVisible();
  await context.close();
});

test('sources follow what goes wrong, and what was unfolded stays so', async ({ page, calm }) => {
  await page.goto('/ops/settings/sources');
  await live(page);
  const host = page.locator('section').filter({ has: page.getByRole('heading', { name: 'This host', exact: true }) });
  await expect(host).toContainText('Last success');
  await host.getByText('What it sees').click();
  await expect(host.locator('details a').first()).toHaveAttribute('href', /^\/ops\/signals\//);
  const readAt = page.locator('main time.exact').first();
  const before = await readAt.getAttribute('datetime');
  writeFileSync(calm.thresholds, 'format: 1\n\nbroken');
  await expect(readAt).not.toHaveAttribute('datetime', before ?? '', { timeout: 10_000 });
  await expect(host.locator('details')).toHaveAttribute('open', '');
});

test('sources are read again while somebody looks', async ({ page }) => {
  await page.goto('/ops/settings/sources');
  await live(page);
  const readAt = page.locator('main time.exact').first();
  const before = await readAt.getAttribute('datetime');
  await expect(readAt).not.toHaveAttribute('datetime', before ?? '', { timeout: 30_000 });
});

test.describe('without script', () => {
  test.use({ javaScriptEnabled: false });

  test('the settings are read and changed through forms', async ({ page, complaints }) => {
    await page.goto('/ops/settings/members');
    await page.getByRole('button', { name: 'Create invitation link' }).click();
    await expect(page.locator('#said-invitations .secret')).toHaveText(/\/join\/[0-9a-f]{64}$/);
    await expect(page.getByRole('button', { name: 'Copy' })).toHaveCount(0);
    await page.getByRole('button', { name: 'Withdraw' }).click();
    await expect(page).toHaveURL(/\/ops\/settings\/members\?done=withdraw#said-invitations$/);
    await expect(page.locator('#said-invitations')).toHaveText('Invitation withdrawn. Its link no longer works.');
    await page.goto('/ops/settings/tokens');
    await page.getByLabel('Name').fill('x'.repeat(60));
    await page.getByLabel('send readings (ingest)').uncheck();
    await page.getByRole('button', { name: 'Create token' }).click();
    await expect(page.locator('#said-tokens')).toHaveClass(/refused/);
    await expect(page.getByLabel('Name')).toHaveValue('x'.repeat(60));
    await expect(page.getByLabel('send readings (ingest)')).not.toBeChecked();
    expect(complaints.splice(0).filter((complaint) => !complaint.includes('422'))).toEqual([]);
  });
});
