// The whole story: a real app under a real PM2 leaks memory, a person decides on a phone with a passkey, and the memory comes back.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
// A program of its own is started with a configuration: the usual one would only stand beside it.
import { devices, expect, test } from '@playwright/test';
import { Ntfy } from '../harness/ntfy';
import { OWNER, Program } from '../harness/program';
import { live, stumbles } from '../harness/test';

const PICTURES = join(__dirname, '../../target/pictures');
// It leaks from the moment on that the fault is there, and keeps what it took: a reload after the repair starts it without.
const LEAK = `
const kept = [];
setInterval(() => { if (kept.length < 40 && require('fs').existsSync(__dirname + '/fault')) kept.push(Buffer.alloc(8 * 1024 * 1024, 1)); }, 100);
require('http').createServer((_, answer) => answer.end('ok')).listen(0);
`;
// No level beyond the first: a decision is about how severe it was, and this app grows fast.
const THRESHOLDS = `format: 1

# Thresholds

## Alerts

| signal | subject | warning | critical | for | recovers at | no data after | what it means | runbook | commands |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
| \`app.memory\` | \`app:leaky@*\` | above 180 MiB | - | 1 s | 150 MiB | - | A program uses more and more memory; it may have a leak. | app-memory-growth | \`pm2-reload\` |

## How incidents behave

| rule | value |
| --- | --- |
| quiet for | 15 s |
| reopen within | 5 min |
| flood of | 5 incidents in 5 min |
`;

/** A PM2 of one's own, in a folder with a short name: the path of its socket is limited. */
class Pm2 {
  readonly home = mkdtempSync('/tmp/pm2-');

  run(...words: string[]): string {
    return execFileSync('pm2', words, { env: { ...process.env, PM2_HOME: this.home }, stdio: 'pipe' }).toString();
  }

  start(name: string, script: string): void {
    const path = join(this.home, `${name}.js`);
    writeFileSync(path, script);
    this.run('start', path, '--name', name);
  }

  remove(): void {
    this.run('kill');
    rmSync(this.home, { recursive: true, force: true });
  }
}

test('a leaking app is reloaded from a phone, and the memory comes back @screenshot', async ({ browser }) => {
  test.setTimeout(240_000);
  mkdirSync(PICTURES, { recursive: true });
  const pm2 = new Pm2();
  const calm = await Program.prepare();
  const ntfy = new Ntfy();
  try {
    await ntfy.start();
    writeFileSync(calm.thresholds, THRESHOLDS);
    calm.configure(`public_url = "${calm.address}"\n[pm2]\nhome = "${pm2.home}"\n[notifications]\nallowed_internal_hosts = ["127.0.0.1", "localhost"]\n`);
    pm2.start('leaky', LEAK);
    await calm.start();

    // The owner comes in by the printed link, on the phone, and adds a passkey.
    const phone = await browser.newContext({ ...devices['Pixel 7'], viewport: { width: 390, height: 844 }, baseURL: calm.address });
    const page = await phone.newPage();
    const session = await phone.newCDPSession(page);
    await session.send('WebAuthn.enable');
    await session.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        protocol: 'ctap2',
        transport: 'internal',
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: true,
        automaticPresenceSimulation: true,
      },
    });
    await page.goto(calm.ownerLink());
    await page.getByLabel(/Your name/).fill(OWNER.name);
    await page.getByLabel(/^Password/).fill(OWNER.password);
    await page.getByRole('button', { name: 'Create account' }).click();
    await expect(page.getByRole('heading', { name: 'Settings' })).toBeVisible();
    await page.getByRole('button', { name: 'Add a passkey' }).click();
    await expect(page.getByText('Passkey added.')).toBeVisible();
    // The phone is to be called; a test arrives at once.
    await page.getByRole('navigation', { name: 'Settings' }).getByRole('link', { name: 'Notifications' }).click();
    await expect(page.getByRole('heading', { level: 1, name: 'Notifications' })).toBeVisible();
    await page.getByText('Add a phone (ntfy)').click();
    await page.getByLabel('Server', { exact: true }).fill(ntfy.url);
    await page.getByLabel('Topic', { exact: true }).fill('calm-ops-8f3k');
    await page.getByRole('button', { name: 'Add and send a test' }).first().click();
    await expect(page.getByText('Contact added. A test was sent')).toBeVisible();
    expect(ntfy.messages.map(({ topic, title }) => [topic, title])).toEqual([['calm-ops-8f3k', 'Test from Calm Ops']]);
    await page.screenshot({ path: join(PICTURES, 'called-phone-light.png') });
    // In a tab of its own: the look for stumbling blocks would take the passkey's device away from this one.
    const beside = await phone.newPage();
    await beside.goto('/ops/settings/notifications');
    await beside.getByText('Change', { exact: true }).first().click();
    expect(await stumbles(beside)).toEqual([]);
    await beside.close();
    await page.getByRole('navigation', { name: 'Settings' }).getByRole('link', { name: 'You' }).click();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible();

    // Only now: nobody is called for what was before they could be.
    writeFileSync(join(pm2.home, 'fault'), '');
    // The incident opens by itself and calls the phone. Its link leads to the sign-in, one touch, and on to the decision.
    calm.cookie = await calm.signIn();
    await expect
      .poll(async () => (await calm.get<{ active: { awaits_decision: boolean }[] }>('/api/ops/incidents')).active.some((card) => card.awaits_decision), { timeout: 40_000 })
      .toBe(true);
    const call = () => ntfy.messages.find(({ click }) => click?.includes('/ops/approve/1-1'));
    await expect.poll(call, { timeout: 20_000 }).toBeTruthy();
    await page.goto(call()?.click ?? '');
    await expect(page).toHaveURL(/sign-in\?to=/);
    await expect(page.getByText('Sign in to decide about incident 1.')).toBeVisible();
    await page.screenshot({ path: join(PICTURES, 'link-phone-light.png') });
    await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
    await expect(page).toHaveURL(/\/ops\/approve\/1-1/);
    await expect(page.locator('.command code').first()).toContainText(/pm2 reload leaky/);
    const approve = page.getByRole('button', { name: /^Approve/ });
    await expect(approve).toBeInViewport();
    await expect(page.getByText(/^Decline/).first()).toBeInViewport();
    await page.screenshot({ path: join(PICTURES, 'approve-phone-light.png') });
    expect(await stumbles(page)).toEqual([]);
    rmSync(join(pm2.home, 'fault'));
    await approve.click();
    await expect(page.locator('main')).toContainText(`Approved by ${OWNER.name}`);

    // It runs, prints, and ends well; then the memory is seen to recover.
    await page.goto('/ops/incidents/1');
    await live(page);
    await expect(page.locator('main')).toContainText('It finished successfully', { timeout: 20_000 });
    await expect(page.locator('main')).toContainText('It worked', { timeout: 40_000 });
    await page.getByText('Output', { exact: true }).click();
    await expect(page.locator('.printed')).toContainText('[leaky](0) ✓');
    await page.getByText('Output', { exact: true }).click();
    await page.screenshot({ path: join(PICTURES, 'recovered-phone-light.png') });
    expect(pm2.run('jlist')).toContain('leaky');

    // Resolved by the person who has it, as soon as it has been quiet for its time; a link shows it to someone without an account.
    await expect(page.locator('.brief .lead')).toContainText('then resolve it', { timeout: 90_000 });
    await page.getByRole('button', { name: 'Resolve', exact: true }).click();
    await expect(page.locator('#said-steps')).toContainText('Resolved');
    const made = await page.request.post('/api/ops/incidents/1/shares', {
      data: { label: 'Support', audience: 'manager', hours: 1, parts: { summary: true, timeline: true, now: true }, hosts: false },
    });
    expect(made.ok(), await made.text()).toBe(true);
    const { path } = (await made.json()) as { path: string };
    const stranger = await browser.newContext({ baseURL: calm.address });
    const shared = await stranger.newPage();
    await shared.goto(path);
    await expect(shared.locator('main')).toContainText('The fix worked.');
    await expect(shared.locator('body')).not.toContainText(/pm2|\/usr\//);
    expect(await stumbles(shared)).toEqual([]);
    await shared.screenshot({ path: join(PICTURES, 'share-desktop-light.png') });
    expect((await shared.goto('/ops/incidents'))?.url()).toContain('/sign-in');
    await stranger.close();

    // The record is whole, and names who approved.
    const journal = await calm.get<{ entries: { actor: string; event: { event: string } }[] }>('/api/ops/journal?limit=1000');
    const kinds = journal.entries.map((entry) => entry.event.event);
    for (const kind of ['called', 'recommended', 'approved', 'run_started', 'run_ended', 'run_proved', 'resolved', 'share_created']) expect(kinds).toContain(kind);
    expect(kinds.filter((kind) => kind === 'run_started')).toHaveLength(1);
    expect(journal.entries.find((entry) => entry.event.event === 'approved')?.actor).toBe('account:1');
    await phone.close();
    await calm.stop();
    expect(await calm.command('journal', 'verify')).toMatch(/The journal is intact/);
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.stack : error}\nThe program said:\n${calm.words()}`);
  } finally {
    await calm.remove();
    ntfy.stop();
    pm2.remove();
  }
});
