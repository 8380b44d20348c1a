// A small disk that is really mounted, and really filled.
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, live, test } from '../harness/test';

test('a disk that fills up becomes an incident, and recovers when there is room again', async ({ page, calm }) => {
  test.skip(process.getuid?.() !== 0, 'mounting a disk needs root');
  const mount = join(calm.folder, 'small');
  mkdirSync(mount);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=32m', 'tmpfs', mount], { stdio: 'pipe' });
  } catch (error) {
    test.skip(true, `nothing can be mounted here: ${String(error)}`);
  }
  try {
    await page.goto('/ops/health');
    await live(page);
    await expect(page.locator('main')).toContainText(mount);
    writeFileSync(join(mount, 'full'), Buffer.alloc(32 * 1024 * 1024 * 0.985));
    const card = page.locator('.needs').getByRole('link', { name: new RegExp(mount) }).first();
    await expect(card).toBeVisible({ timeout: 20_000 });
    await card.click();
    await expect(page.locator('main')).toContainText(mount);
    await expect(page.getByText(/Evidence saved when it opened/)).toBeVisible();
    rmSync(join(mount, 'full'));
    await expect(page.locator('.brief .state')).toHaveText(/recovering|resolved/, { timeout: 20_000 });
  } finally {
    execFileSync('umount', ['-l', mount], { stdio: 'pipe' });
  }
});
