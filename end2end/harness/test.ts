// `test` with a program of its own, and a page on which nothing may be said on the console.
import { readFileSync } from 'node:fs';
import { type ConsoleMessage, type Page, test as base, expect } from '@playwright/test';
import { type Observation, OWNER, Program } from './program';

export { expect, OWNER, type Observation, type Page, Program };

interface Own {
  /** The program, running. */
  calm: Program;
  /** What the browser complained about. A test that expects complaints empties it. */
  complaints: string[];
  /** Watches another page for complaints. */
  watch: (page: Page) => void;
}

interface Choice {
  /** The thresholds in force: see `Program.alerts`. */
  alerts: 'quick' | 'built-in' | 'traffic';
  /** The approved commands of a test: see `Program.scripts`. None: those that Calm Ops brings. */
  scripts: Record<string, string>;
}

export const test = base.extend<Own & Choice>({
  alerts: ['quick', { option: true }],
  scripts: [{}, { option: true }],

  calm: async ({ alerts, scripts }, use, info) => {
    const program = await Program.prepare();
    program.alerts(alerts);
    if (Object.keys(scripts).length > 0) program.scripts(scripts);
    try {
      if (alerts === 'traffic') await program.openGate();
      await program.start();
      await program.own();
      await use(program);
      if (info.status !== info.expectedStatus) await info.attach('what the program said', { body: program.words() });
    } finally {
      await program.remove();
    }
  },

  baseURL: async ({ calm }, use) => use(calm.address),

  complaints: async ({}, use) => {
    const complaints: string[] = [];
    await use(complaints);
    expect(complaints, 'the browser has nothing to complain about').toEqual([]);
  },

  watch: async ({ complaints, javaScriptEnabled }, use) => {
    // Without script nothing uses the Wasm that the page lets the browser load ahead; a slow machine gets to hear of it.
    const isExpected = (text: string) => !javaScriptEnabled && /\.wasm was preloaded using link preload but not used/.test(text);
    await use((page) => {
      page.on('console', (message: ConsoleMessage) => {
        if (isExpected(message.text())) return;
        if (message.type() === 'error' || message.type() === 'warning') {
          complaints.push(`${message.type()}: ${message.text()} (${message.location().url})`);
        }
      });
      page.on('pageerror', (error) => complaints.push(`error on the page: ${error.message}`));
    });
  },

  context: async ({ context, calm }, use) => {
    const [name, value] = calm.cookie.split('=');
    await context.addCookies([{ name, value, url: calm.address, httpOnly: true, sameSite: 'Lax' }]);
    await use(context);
  },

  page: async ({ page, watch }, use) => {
    watch(page);
    await use(page);
  },
});

const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

/** What a person who can't see, hear or point would stumble over. Runs outside the page's policy, as a debugger would. */
export async function stumbles(page: Page): Promise<string[]> {
  const session = await page.context().newCDPSession(page);
  await session.send('Runtime.evaluate', { expression: axe });
  const { result, exceptionDetails } = await session.send('Runtime.evaluate', {
    expression: `axe.run(document, { resultTypes: ['violations'] }).then((found) => JSON.stringify(found.violations.map(
      (broken) => broken.id + ': ' + broken.help + ' at ' + broken.nodes.map((node) => node.target.join(' ')).join(', '))))`,
    awaitPromise: true,
    returnByValue: true,
  });
  await session.detach();
  if (exceptionDetails) throw new Error(`axe could not run: ${exceptionDetails.text}`);
  return JSON.parse(result.value as string) as string[];
}

/** Waits until the Wasm has taken over and the stream is open. */
export async function live(page: Page): Promise<void> {
  await expect(page.locator('.live.on')).toBeAttached();
}
