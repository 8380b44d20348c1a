// The program under test: started as a user would, with a data directory and documents of its own.
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { Proxy } from './proxy';

export const BINARY = resolve(process.env.BINARY ?? join(__dirname, '../../target/debug/calm-ops'));

// Ports below those that the kernel gives to outgoing connections, another thousand for each worker of Playwright.
let nextPort = 20_000 + 1_000 * Number(process.env.TEST_PARALLEL_INDEX ?? 0);

/** A port that nobody else takes until the program listens on it. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = nextPort++;
    const free = await new Promise<boolean>((answer) => {
      const server = createServer();
      server.once('error', () => answer(false));
      server.listen(port, '127.0.0.1', () => server.close(() => answer(true)));
    });
    if (free) return port;
  }
}

const HEAD = `| signal | subject | warning | critical | for | recovers at | no data after | what it means | runbook | commands |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |`;
const QUEUES =
  '| `queue.depth` | `service:*` | above 1,000 jobs | above 5,000 jobs | 1 s | 500 jobs | - | Work is piling up faster than it is done. | queue | - |';
// Only a disk that the test mounts below its own folder.
const disks = (folder: string) =>
  `| \`disk.used\` | \`disk:${folder}*\` | above 88 % | above 95 % | 1 s | 85 % | - | A disk is nearly full; when it is full, writing fails. | disk-full | - |`;
const mounted = (folder: string) =>
  `| \`disk.mounted\` | \`disk:${folder}*\` | below 1 | - | 1 s | 1 | - | A disk was mounted and is not any more. | disk-gone | - |`;
const TRAFFIC = `## Organizations

${HEAD.replace('commands |\n', 'commands | measures |\n')} --- |
| \`organization.batch\` | \`organization:*\` | above 20 requests/s | - | 0 s | 10 requests/s | - | An organization uploads far more than usual. | organization-traffic | - | limit \`uploads\` for 10 min |
`;
const GATE_TOKEN = '0123456789abcdef0123456789abcdef';
const RULES = `## How incidents behave

| rule | value |
| --- | --- |
| quiet for | 1 min |
| reopen within | 5 min |
| flood of | 5 incidents in 5 min |
`;

/** What the program sees of the environment: not ours. */
function environment(): NodeJS.ProcessEnv {
  const names = ['PATH', 'HOME', 'LANG'];
  return Object.fromEntries(names.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])));
}

/** Who owns the program of a test. */
export const OWNER = { name: 'The owner of this test', password: 'three words in a row' };

export interface Observation {
  signal: string;
  subject: string;
  value: number;
  unit?: string;
  at?: string;
}

export class Program {
  private child?: ChildProcess;
  private said = '';
  /** The owner's sign-in, as a cookie; empty until `own`. */
  cookie = '';
  private configuration?: string;
  /** Where the gate listens; 0 without one. */
  private gate = 0;
  private proxy?: Proxy;
  /** The documents in use, where they are not those of `prepare`. */
  private documents?: string;

  private constructor(
    readonly folder: string,
    readonly port: number,
  ) {}

  /** Prepares one with documents of its own. */
  static async prepare(): Promise<Program> {
    const program = new Program(mkdtempSync('/tmp/calm-ops-test-'), await freePort());
    execFileSync(BINARY, ['init', program.ops], { env: environment(), stdio: 'pipe' });
    return program;
  }

  get ops(): string {
    return this.documents ?? join(this.folder, 'ops');
  }

  get data(): string {
    return join(this.folder, 'data');
  }

  get address(): string {
    return `http://localhost:${this.port}`;
  }

  get thresholds(): string {
    return join(this.ops, 'alerts/thresholds.md');
  }

  /**
   * Writes the thresholds, as a person would in an editor. With `quick` only queues and the test's own small disk alert, after a second:
   * how busy this machine is must not matter. With `disks` these alert when they vanish, too. With `built-in` the rows that Calm Ops brings are kept, and one for the queue `imports` is added.
   */
  alerts(which: 'quick' | 'disks' | 'built-in' | 'traffic'): void {
    if (which === 'traffic') {
      writeFileSync(this.thresholds, `format: 1\n\n# Thresholds\n\n${TRAFFIC}\n${RULES}`);
      return;
    }
    if (which !== 'built-in') {
      const rows = which === 'disks' ? [QUEUES, disks(this.folder), mounted(this.folder)] : [QUEUES, disks(this.folder)];
      writeFileSync(this.thresholds, `format: 1\n\n# Thresholds\n\n## Alerts\n\n${HEAD}\n${rows.join('\n')}\n\n${RULES}`);
      return;
    }
    const lines = readFileSync(this.thresholds, 'utf8').split('\n');
    const at = lines.findIndex((line) => line.startsWith('| `queue.depth`'));
    if (at < 0) throw new Error('the built-in thresholds have no row for queues');
    lines.splice(at + 1, 0, QUEUES.replace('service:*', 'service:imports'));
    writeFileSync(this.thresholds, lines.join('\n'));
  }

  async start(): Promise<void> {
    const child = spawn(
      BINARY,
      ['serve', '--listen', `127.0.0.1:${this.port}`, '--data-dir', this.data, '--ops-dir', this.ops, '--interval', '1 s', ...(this.configuration ? ['--config', this.configuration] : [])],
      { env: environment(), cwd: this.folder, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    this.child = child;
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (text) => (this.said = (this.said + text).slice(-20_000)));
    for (let waited = 0; waited < 10_000; waited += 50) {
      if (child.exitCode !== null) break;
      try {
        if ((await fetch(`${this.address}/api/health`)).status > 0) return;
      } catch {
        await new Promise((next) => setTimeout(next, 50));
      }
    }
    throw new Error(`the program did not answer within 10 s. It said:\n${this.said}`);
  }

  /** The link by which an owner comes in, from the file that holds it wherever the output is no terminal. */
  ownerLink(): string {
    return readFileSync(join(this.data, 'owner-link'), 'utf8').trim();
  }

  /** Comes in as its owner, for what the test itself asks. */
  async own(): Promise<void> {
    const secret = this.ownerLink().split('/').pop();
    this.cookie = await this.come('/api/people/join', { secret, ...OWNER });
  }

  /** Another sign-in of the owner, who came in before. */
  signIn(): Promise<string> {
    return this.come('/api/people/sign-in', OWNER);
  }

  /**
   * Puts commands of the team's own in force: for each name the text of its script. They may help with `queue.depth`, in this order. Where
   * they run, `$PLACE` is a folder of the test.
   */
  scripts(scripts: Record<string, string>): void {
    const sections = ['[pm2]', 'enabled = false'];
    let page = 'format: 1\n\n# Recovery commands\n\n';
    for (const [name, text] of Object.entries(scripts)) {
      const path = join(this.folder, name);
      const whole = `#!/bin/sh\nPLACE=${this.folder}\n${text}\n`;
      writeFileSync(path, whole, { mode: 0o755 });
      sections.push('[[script]]', `name = "${name}"`, `path = "${path}"`, `sha256 = "${createHash('sha256').update(whole).digest('hex')}"`);
      page += `## ${name}\n\n| command | \`${name}\` |\n| --- | --- |\n| title | Run the script ${name} |\n| helps | \`queue.depth\` |\n| runs | \`script:${name}\` |
| check | - |\n| effect | The script has done its work. |\n| risk | low |\n| blast radius | Nobody notices. |
| undo | can't be undone, because the script only writes a line |\n| approval | one approver |\n| runs as | Calm Ops |\n| time limit | 1 min |
| cool-down | 10 min |\n| proof | \`queue.depth\` within 20 min |\n\n`;
    }
    writeFileSync(join(this.ops, 'runbooks/recovery.commands.md'), page);
    this.configure(`${sections.join('\n')}\n`);
  }

  /** Opens a gate; the agent may refuse most of what comes, as only one organization sends much. */
  async openGate(): Promise<void> {
    this.gate = await freePort();
    const token = join(this.folder, 'gate-token');
    writeFileSync(token, GATE_TOKEN);
    this.configure(`[gate]\nlisten = "127.0.0.1:${this.gate}"\ntoken_file = "${token}"\n`);
    const limits = join(this.ops, 'protection/limits.md');
    writeFileSync(limits, readFileSync(limits, 'utf8').replace('| largest share refused | 20% |', '| largest share refused | 90% |'));
  }

  /** Has the limits that the agent sets last so long. Before it starts, or some seconds before it sets one. */
  limitsLast(time: string): void {
    writeFileSync(this.thresholds, readFileSync(this.thresholds, 'utf8').replace('for 10 min', `for ${time}`));
  }

  /** Starts nginx with the recipe, in front of a small application; stopped with the program. */
  async openProxy(): Promise<Proxy> {
    this.proxy = new Proxy(await freePort());
    await this.proxy.start(join(this.folder, 'nginx'), { port: this.gate, token: GATE_TOKEN });
    return this.proxy;
  }

  /** Fills the data directory with a simulated bad week, before the program starts with the documents of it; what the command said. */
  async simulateWeek(): Promise<string> {
    const { stdout } = await promisify(execFile)(BINARY, ['simulate', 'week', '--data-dir', this.data], { env: environment() });
    this.documents = join(this.data, 'ops');
    return stdout;
  }

  /** Sends simulated traffic, as a person would; the report for programs. */
  async simulate<T>(...words: string[]): Promise<T> {
    const folder = join(this.folder, 'simulation');
    await this.command('simulate', ...words, '--save', folder, '--config', this.configuration ?? '');
    return JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8')) as T;
  }

  /** Another person joins, in a browser of their own; the cookie of their sign-in. */
  async invite(role: string, name: string): Promise<string> {
    const { secret } = await this.post<{ secret: string }>('/api/people/invitations', { role });
    return this.come('/api/people/join', { secret, name, password: OWNER.password });
  }

  /** Asks the gate as a proxy does. The status is 204 where the request passes. */
  async ask(organization: string, method: string, uri: string): Promise<number> {
    const answer = await fetch(`http://127.0.0.1:${this.gate}/api/gate/check`, {
      headers: { 'X-Gate-Token': GATE_TOKEN, 'X-Forwarded-Method': method, 'X-Forwarded-Uri': uri, 'X-Organization': organization },
    });
    await answer.arrayBuffer();
    return answer.status;
  }

  /** What a script of the test wrote into a file of its place. */
  written(name: string): string {
    const path = join(this.folder, name);
    return existsSync(path) ? readFileSync(path, 'utf8') : '';
  }

  /** Writes a configuration that the program starts with. */
  configure(text: string): void {
    this.configuration = join(this.folder, 'calm-ops.toml');
    writeFileSync(this.configuration, text);
  }

  private async come(path: string, body: object): Promise<string> {
    const answer = await fetch(`${this.address}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    const cookie = answer.headers.get('set-cookie')?.split(';')[0];
    if (!answer.ok || !cookie) throw new Error(`${path} was answered with ${answer.status}: ${await answer.text()}`);
    return cookie;
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number> {
    const child = this.child;
    this.child = undefined;
    if (!child || child.exitCode !== null) return 0;
    const began = Date.now();
    const gone = new Promise<void>((done) => child.once('exit', () => done()));
    child.kill(signal);
    const late = setTimeout(() => child.kill('SIGKILL'), 10_000);
    await gone;
    clearTimeout(late);
    return Date.now() - began;
  }

  async remove(): Promise<void> {
    await this.proxy?.stop();
    await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** What it said on its outputs. */
  words(): string {
    return this.said;
  }

  async push(...observations: Observation[]): Promise<void> {
    const answer = await fetch(`${this.address}/api/ops/signals`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', cookie: this.cookie },
      body: JSON.stringify({ observations }),
    });
    if (answer.status !== 202) throw new Error(`a push was answered with ${answer.status}: ${await answer.text()}`);
  }

  /** A queue that reports its depth all the time, as a real one would. */
  queue(name: string, depth: number): Queue {
    return new Queue(this, name, depth);
  }

  async get<T>(path: string): Promise<T> {
    const answer = await fetch(`${this.address}${path}`, { headers: { cookie: this.cookie } });
    if (!answer.ok) throw new Error(`${path} was answered with ${answer.status}: ${await answer.text()}`);
    return (await answer.json()) as T;
  }

  /** Changes something as the owner, as a program would. */
  async post<T>(path: string, body: object): Promise<T> {
    const answer = await fetch(`${this.address}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', cookie: this.cookie },
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`${path} was answered with ${answer.status}: ${await answer.text()}`);
    const text = await answer.text();
    return (text ? JSON.parse(text) : {}) as T;
  }

  /** Runs another command of the program on the same data. */
  async command(...words: string[]): Promise<string> {
    const { stdout } = await promisify(execFile)(BINARY, [...words, '--data-dir', this.data, '--ops-dir', this.ops], { env: environment() });
    return stdout;
  }
}

export class Queue {
  private readonly timer: NodeJS.Timeout;
  private trouble?: Error;

  constructor(
    private readonly program: Program,
    private readonly name: string,
    private depth: number,
  ) {
    this.report();
    this.timer = setInterval(() => this.report(), 400);
  }

  get subject(): string {
    return `service:${this.name}`;
  }

  is(depth: number): void {
    this.depth = depth;
  }

  /** Ends the reports; fails if one was refused. */
  stop(): void {
    clearInterval(this.timer);
    if (this.trouble) throw this.trouble;
  }

  private report(): void {
    this.program.push({ signal: 'queue.depth', subject: this.subject, value: this.depth, unit: 'jobs' }).catch((error: Error) => {
      // A program that is stopped can't be reached; one that answers must accept.
      if (error.message.startsWith('a push was answered')) this.trouble = error;
    });
  }
}
