// What README says about the browser's part: measured on the optimized program, printed, and not judged here.
import { type CDPSession, type Page } from '@playwright/test';
import { expect, live, test } from '../harness/test';

test.describe.configure({ mode: 'serial' });
// A trace takes a picture of each change of the page: several times the work that is measured.
test.use({ trace: 'off' });

/** What a page needs until it is painted and alive, and what it loads for that. */
async function firstLoad(page: Page, session: CDPSession): Promise<{ painted: number; alive: number; all: number; wasm: number }> {
  const names = new Map<string, string>();
  const bytes = new Map<string, number>();
  session.on('Network.responseReceived', ({ requestId, response }) => names.set(requestId, new URL(response.url).pathname));
  session.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => bytes.set(names.get(requestId) ?? '', encodedDataLength));
  const began = Date.now();
  await page.goto('/ops/health', { timeout: 60_000 });
  await expect(page.locator('.live.on')).toBeVisible({ timeout: 60_000 });
  const alive = Date.now() - began;
  const painted = await page.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0);
  const sizes = [...bytes];
  const sum = (of: [string, number][]) => of.reduce((total, [, size]) => total + size, 0) / 1024;
  return { painted, alive, all: sum(sizes), wasm: sum(sizes.filter(([name]) => name.endsWith('.wasm'))) };
}

test('first load of the health page @dist', async ({ page }) => {
  test.setTimeout(180_000);
  const session = await page.context().newCDPSession(page);
  await session.send('Network.enable');
  for (const [what, slow] of [['on this machine', false], ['at 400 kbit/s and 400 ms', true]] as const) {
    await session.send('Network.clearBrowserCache');
    await session.send('Network.emulateNetworkConditions', {
      offline: false,
      latency: slow ? 400 : 0,
      downloadThroughput: slow ? 400_000 / 8 : -1,
      uploadThroughput: slow ? 400_000 / 8 : -1,
    });
    const rounds = [];
    for (let round = 0; round < (slow ? 1 : 3); round += 1) {
      await session.send('Network.clearBrowserCache');
      await page.goto('about:blank');
      rounds.push(await firstLoad(page, session));
    }
    rounds.sort((one, other) => one.painted - other.painted);
    const { painted, alive, all, wasm } = rounds[Math.floor(rounds.length / 2)];
    console.log(`First load of /ops/health ${what}: painted after ${painted.toFixed(0)} ms, alive after ${alive} ms, ${all.toFixed(0)} KiB, of which Wasm ${wasm.toFixed(0)} KiB`);
    expect(wasm).toBeGreaterThan(0);
  }
});

test('500 readings that change every second @dist', async ({ page, calm }) => {
  test.setTimeout(180_000);
  const push = (round: number) =>
    calm.push(
      ...Array.from({ length: 500 }, (_, index) => ({
        signal: 'queue.depth',
        subject: `service:shop-${index}`,
        value: 10 + ((round * 37 + index * 11) % 400),
        unit: 'jobs',
      })),
    );
  await push(0);
  let round = 0;
  let busy = true;
  const pushing = (async () => {
    while (busy) {
      await push((round += 1));
      await new Promise((next) => setTimeout(next, 1_000));
    }
  })();
  await page.goto('/ops/health');
  await live(page);
  await page.waitForTimeout(5_000);
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable');
  const metrics = async () => new Map((await session.send('Performance.getMetrics')).metrics.map(({ name, value }) => [name, value]));
  const before = await metrics();
  await page.waitForTimeout(20_000);
  const after = await metrics();
  busy = false;
  await pushing;
  const spent = (name: string) => (after.get(name) ?? 0) - (before.get(name) ?? 0);
  const share = (100 * spent('TaskDuration')) / spent('Timestamp');
  const heap = (from: Map<string, number>) => ((from.get('JSHeapUsedSize') ?? 0) / 1_048_576).toFixed(1);
  console.log(`500 readings that change every second: ${share.toFixed(1)}% of one core in the page, script heap ${heap(before)} and 20 s later ${heap(after)} MiB`);
  expect(share).toBeGreaterThan(0);
});
