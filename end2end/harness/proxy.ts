// nginx as README sets it up: our recipe in front of a small application, asking the gate of a program.
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { type Server, createServer } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';

const NGINX = '/usr/sbin/nginx';
const RECIPE = join(__dirname, '../../ops/protection/gate/nginx.conf');

export interface Gate {
  port: number;
  token: string;
}

export class Proxy {
  /** The requests that reached the application. */
  reached = 0;
  private child?: ChildProcess;
  private readonly application: Server = createServer((request, answer) => {
    this.reached += 1;
    request.resume().on('end', () => answer.end('ok\n'));
  });

  constructor(private readonly port: number) {}

  static isInstalled(): boolean {
    return existsSync(NGINX);
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Starts both. Files of nginx are in a folder of the test. */
  async start(folder: string, gate: Gate): Promise<void> {
    await new Promise<void>((ready) => this.application.listen(0, '127.0.0.1', ready));
    const address = this.application.address();
    const application = typeof address === 'object' && address ? address.port : 0;
    mkdirSync(folder);
    const recipe = readFileSync(RECIPE, 'utf8')
      .replace('127.0.0.1:3001', `127.0.0.1:${gate.port}`)
      .replace('127.0.0.1:8080', `127.0.0.1:${this.port}`)
      .replace('127.0.0.1:8081', `127.0.0.1:${application}`)
      .replace('"TOKEN"', `"${gate.token}"`)
      .replace('/var/lib/calm-ops-gate/safe-mode', join(folder, 'safe-mode'));
    const places = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${join(folder, kind)};`);
    const [errors, file] = [join(folder, 'errors'), join(folder, 'nginx.conf')];
    const own = `daemon off; master_process off; pid ${join(folder, 'pid')}; error_log ${errors} warn; events {}`;
    writeFileSync(file, `${own}\nhttp {\naccess_log off;\n${places.join('\n')}\n${recipe}\n}\n`);
    this.child = spawn(NGINX, ['-e', errors, '-c', file], { stdio: 'ignore' });
    for (let waited = 0; !(await this.answers()); waited += 50) {
      if (waited > 10_000) throw new Error(`nginx did not start: ${existsSync(errors) ? readFileSync(errors, 'utf8') : ''}`);
      await new Promise((next) => setTimeout(next, 50));
    }
  }

  async stop(): Promise<void> {
    this.application.close();
    this.application.closeAllConnections();
    const child = this.child;
    if (!child || child.exitCode !== null) return;
    const gone = new Promise<void>((done) => child.once('exit', () => done()));
    child.kill();
    await gone;
  }

  private answers(): Promise<boolean> {
    return new Promise((answer) => {
      const socket = connect(this.port, '127.0.0.1');
      socket.once('connect', () => {
        socket.destroy();
        answer(true);
      });
      socket.once('error', () => answer(false));
    });
  }
}
