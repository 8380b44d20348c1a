// What a person meant is no fault: planned work opens no incident and is told, and what was taken away on purpose is retired.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, live, test } from '../harness/test';

test('a maintenance window is begun on the page, shows what would have alerted, and is ended there', async ({ page, calm }) => {
  const queue = calm.queue('imports', 12);
  await page.goto('/ops/health');
  await live(page);
  await page.getByText('Start a maintenance window').click();
  await page.getByRole('textbox', { name: /^Subjects/ }).fill('service:imports\nservice:misspelled');
  await page.getByLabel('Ends in').selectOption('120');
  await page.getByLabel('Reason').fill('New disks');
  await page.getByRole('button', { name: 'Start', exact: true }).click();
  const window = page.locator('.maintenance .card');
  await expect(window).toContainText('New disks');
  await expect(window).toContainText('It covers 1 subject');
  await expect(window).toContainText("Nothing known now matches 'service:misspelled'");
  await expect(window).toContainText('Nothing would have alerted so far.');

  queue.is(9_000);
  await expect(window).toContainText('Would have alerted:');
  await expect(window).toContainText('imports');
  expect((await calm.get<{ active: unknown[] }>('/api/ops/incidents')).active).toEqual([]);

  await window.getByRole('button', { name: /End maintenance window/ }).click();
  await expect(window).toHaveCount(0);
  await expect(page.locator('.needs').getByRole('link', { name: /imports/ }).first()).toBeVisible();
  queue.stop();
});

test('disks that are gone for good are retired on the page, all at once', async ({ page, calm }) => {
  test.skip(process.getuid?.() !== 0 || !existsSync('/usr/bin/mount'), 'only an administrator can mount');
  const points = ['one', 'two'].map((name) => join(calm.folder, name));
  for (const point of points) {
    mkdirSync(point);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'planned', point]);
  }
  calm.alerts('disks');
  try {
    await page.goto('/ops/health');
    await live(page);
    // A card outside the screen is not drawn.
    for (const point of points) await expect(page.getByRole('heading', { name: `disk ${point}` })).toBeAttached();
  } finally {
    for (const point of points) execFileSync('umount', ['--lazy', point]);
  }
  const missing = page.getByRole('region', { name: `disk ${points[0]}` });
  await expect(page.locator('.needs').getByRole('link', { name: /one|two/ }).first()).toBeVisible();
  // The form comes with the page, not with its live changes.
  await page.reload();
  await missing.getByText('Gone for good?').click();
  await expect(missing).toContainText('Also missing');
  await missing.getByRole('button', { name: 'Retire all 2' }).click();
  for (const point of points) await expect(page.getByRole('heading', { name: `disk ${point}` })).toHaveCount(0);
});
