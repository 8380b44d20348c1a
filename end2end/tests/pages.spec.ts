// Every page: for everyone, on every screen, under a strict policy, with and without script.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Observation, type Page, type Program, expect, live, stumbles, test } from '../harness/test';

const SETTINGS = ['', '/notifications', '/members', '/tokens', '/sources', '/about'].map((page) => `/ops/settings${page}`);
const PLACES = ['/ops/health', '/ops/incidents', '/ops/incidents/1', '/ops/protection', '/ops/history', '/ops/uptime', '/ops/journal', '/ops/runbook', ...SETTINGS, '/sign-in', '/nowhere'];
// Without Wasm, or without a page.
const STILL = ['/sign-in', '/nowhere'];
// `make screenshots` keeps some of them.
const PICTURES = join(__dirname, '../../target/pictures');
// `make test` looks at the first two in the light theme; `make test-all` at every width in both.
const SCREENS = [
  { name: 'desktop', width: 1280, height: 800, tags: '@screenshot' },
  { name: 'phone', width: 390, height: 844, tags: '@screenshot' },
  { name: 'small phone', width: 320, height: 640, tags: '@all' },
  { name: 'tablet', width: 768, height: 1024, tags: '@all' },
  { name: 'wide', width: 1920, height: 1080, tags: '@all' },
];

/** Waits until there is an incident, without a browser. */
async function incident(calm: Program): Promise<void> {
  await expect
    .poll(async () => (await calm.get<{ active: unknown[] }>('/api/ops/incidents')).active.length, { timeout: 20_000 })
    .toBeGreaterThan(0);
}

for (const { name, width, height, tags } of SCREENS) {
  for (const colorScheme of ['light', 'dark'] as const) {
    test.describe(`${name}, ${colorScheme}${colorScheme === 'dark' ? ' @all' : ''}`, () => {
      test.use({ viewport: { width, height }, colorScheme, alerts: 'built-in' });

      test(`every page is for everyone and fits the screen ${tags}`, async ({ page, calm, complaints }) => {
        test.setTimeout(120_000);
        await calm.push(...aQuietQuarterOfAnHour('service:imports'));
        const queue = calm.queue('imports', 300);
        const mails = calm.queue('mails', 12);
        for (const depth of [320, 900, 2_600, 4_800, 6_200]) {
          await page.waitForTimeout(600);
          queue.is(depth);
        }
        await incident(calm);
        mkdirSync(PICTURES, { recursive: true });
        for (const place of PLACES) {
          await page.goto(place);
          if (!STILL.includes(place)) await live(page);
          await expect(page.getByRole('heading', { level: 1 })).toBeAttached();
          expect(await stumbles(page), `${place} on ${name}, ${colorScheme}`).toEqual([]);
          const wide = await page.evaluate(() => document.documentElement.scrollWidth);
          expect(wide, `${place} does not scroll sideways`).toBeLessThanOrEqual(width);
          if (width < 640) await expectTargets(page, place);
          const picture = place.replace(/^\/(ops\/)?/, '').replaceAll('/', '-');
          await page.screenshot({ path: join(PICTURES, `${picture}-${name.replace(' ', '-')}-${colorScheme}.png`) });
        }
        // That there is no such page is said by the status code as well.
        const others = complaints.splice(0).filter((complaint) => !(complaint.includes('404') && complaint.includes('/nowhere')));
        expect(others).toEqual([]);
        queue.stop();
        mails.stop();
      });
    });
  }
}

/** What a queue would have reported until now: the charts have a course to show. */
function aQuietQuarterOfAnHour(subject: string): Observation[] {
  const now = Date.now();
  return Array.from({ length: 180 }, (_, index) => ({
    signal: 'queue.depth',
    subject,
    value: Math.round(300 + 60 * Math.sin(index / 9) + 25 * Math.sin(index * 1.7)),
    unit: 'jobs',
    at: new Date(now - (180 - index) * 5_000).toISOString(),
  }));
}

/** What is pressed with a thumb is at least 44 px high. */
async function expectTargets(page: Page, place: string): Promise<void> {
  const small = await page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>('button, .button, nav a, summary, label:has(> input[type=checkbox]), input:not([type=hidden], [type=checkbox]), select, textarea')]
      .filter((element) => element.offsetParent !== null && element.getBoundingClientRect().height < 43.5)
      .map((element) => `${element.tagName.toLowerCase()} "${element.textContent?.trim()}" ${element.getBoundingClientRect().height}px`),
  );
  expect(small, `${place} on a phone`).toEqual([]);
}

test('the policy is strict, and nothing is kept that must not be', async ({ page, calm }) => {
  test.setTimeout(90_000);
  calm.queue('imports', 6_000);
  await incident(calm);
  for (const place of PLACES.filter((place) => place !== '/nowhere')) {
    const answer = await page.goto(place);
    const policy = answer?.headers()['content-security-policy'] ?? '';
    expect(policy, place).toContain("default-src 'none'");
    expect(policy, place).not.toMatch(/unsafe-inline|'unsafe-eval'|\*/);
    expect(await page.locator('[style]').count(), `${place} has no style on an element`).toBe(0);
    if (STILL.includes(place)) {
      expect(policy, `${place} has no Wasm`).not.toContain('wasm-unsafe-eval');
      continue;
    }
    expect(policy, place).toMatch(/script-src [^;]*'nonce-[^']+'/);
    expect(policy, place).toContain("'wasm-unsafe-eval'");
    await live(page);
    // Charts and sparklines that came to life have none either.
    expect(await page.locator('[style]').count(), `${place} has no style on an element`).toBe(0);
  }
  const [first, second] = await Promise.all(['/ops/health', '/ops/health'].map((place) => page.request.get(place)));
  const nonce = (headers: { [name: string]: string }) => /'nonce-([^']+)'/.exec(headers['content-security-policy'] ?? '')?.[1];
  expect(nonce(first.headers()), 'a nonce is used once').not.toBe(nonce(second.headers()));
});

test('another name or another origin is refused', async ({ calm }) => {
  const { request } = await import('node:http');
  const status = (headers: Record<string, string>, method = 'GET', path = '/ops/health') =>
    new Promise<number>((answered, failed) => {
      const sent = request({ host: '127.0.0.1', port: calm.port, path, method, headers }, (answer) => {
        answer.resume();
        answered(answer.statusCode ?? 0);
      });
      sent.once('error', failed);
      sent.end();
    });
  expect(await status({ host: `localhost:${calm.port}`, cookie: calm.cookie })).toBe(200);
  expect(await status({ host: 'evil.example' }), 'a name that was rebound to this address').toBeGreaterThanOrEqual(400);
  const own = { host: `localhost:${calm.port}`, 'content-type': 'application/json' };
  expect(await status({ ...own, origin: 'https://evil.example' }, 'POST', '/api/ops/signals')).toBe(403);
});

test('what is loaded first is kept by the browser', async ({ page, calm }) => {
  const asked = page.waitForRequest((request) => request.url().endsWith('.wasm'));
  await page.goto('/ops/health');
  const file = new URL((await asked).url()).pathname;
  const answer = await fetch(calm.address + file, { headers: { 'accept-encoding': 'br' } });
  expect(answer.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
  expect(answer.headers.get('content-type')).toBe('application/wasm');
  const again = await fetch(calm.address + file, { headers: { 'accept-encoding': 'br', 'if-none-match': answer.headers.get('etag') ?? '' } });
  expect(again.status).toBe(304);
  expect((await fetch(`${calm.address}/favicon.ico`)).status).toBe(200);
  expect((await fetch(`${calm.address}/robots.txt`)).status).toBe(200);
});

test.describe('without script', () => {
  test.use({ javaScriptEnabled: false });

  test('an incident is read, taken, commented, resolved and reopened through forms', async ({ page, calm }) => {
    const queue = calm.queue('imports', 6_000);
    await incident(calm);
    await page.goto('/');
    await page.goto('/ops/health');
    await page.locator('.needs').getByRole('link', { name: /imports/ }).first().click();
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
    await page.getByRole('button', { name: 'Acknowledge' }).click();
    await expect(page).toHaveURL(/\/ops\/incidents\/1\?done=acknowledged#said-steps$/);
    await expect(page.locator('#said-steps')).toBeInViewport();
    await expect(page.locator('#said-steps')).toContainText('Acknowledged.');
    await expect(page.getByRole('button', { name: 'Acknowledge' })).toHaveCount(0);
    await page.getByLabel('Add a comment').fill('Written without script.');
    await page.getByRole('button', { name: 'Post', exact: true }).click();
    await expect(page.locator('main')).toContainText('Written without script.');
    await expect(page.locator('#said-comment')).toBeInViewport();
    await expect(page.locator('#said-comment')).toHaveText('Comment added.');
    await page.getByText('Add a note').click();
    await page.getByLabel(/What resolved it/).fill('Enough.');
    await page.getByRole('button', { name: 'Resolve', exact: true }).click();
    await expect(page.locator('.brief .state')).toHaveText(/resolved/);
    await page.getByText('Reopen').first().click();
    await page.getByRole('button', { name: 'Reopen' }).click();
    await expect(page.getByRole('button', { name: 'Resolve', exact: true })).toBeVisible();
    await page.getByRole('link', { name: 'Runbook' }).first().click();
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
    queue.stop();
  });
});

test('the keyboard reaches every place, with a visible focus', async ({ page, calm }) => {
  await page.goto('/ops/health');
  await live(page);
  await page.keyboard.press('Tab');
  await expect(page.getByRole('link', { name: 'Skip to content' })).toBeFocused();
  const reached = new Set<string>();
  for (let presses = 0; presses < 12; presses += 1) {
    await page.keyboard.press('Tab');
    const focused = await page.evaluate(() => {
      const element = document.activeElement;
      if (element === null || element === document.body) return null; // past the last place: the browser's own controls
      const style = getComputedStyle(element);
      return {
        href: element.getAttribute('href') ?? '',
        seen: style.outlineStyle !== 'none' || style.boxShadow !== 'none',
        html: element.outerHTML.slice(0, 200),
      };
    });
    if (focused === null) break;
    reached.add(focused.href);
    expect(focused.seen, `the focus can be seen on ${focused.html}`).toBe(true);
  }
  for (const place of ['/ops/health', '/ops/incidents', '/ops/history', '/ops/runbook']) expect([...reached]).toContain(place);
});
