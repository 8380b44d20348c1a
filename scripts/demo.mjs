// The play of `make demo`. Called by scripts/demo:
//   node scripts/demo.mjs PROGRAM PM2 [--check [nobody]]
import { execFile, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

const [program, foundPm2, mode, decider] = process.argv.slice(2);
const isCheck = mode === '--check';
const approves = isCheck && decider !== 'nobody';
const run = promisify(execFile);
const pause = (seconds) => new Promise((next) => setTimeout(next, seconds * 1_000));

// The customer of the second act, as Calm Ops names it.
const CUSTOMER = 'organization:demo-acme';
// How long the play waits for a person: to come in, and to decide.
const WAIT_FOR_OWNER = isCheck ? 0 : 60;
const WAIT_FOR_DECISION = isCheck ? 5 : 60;
// No check takes longer, in seconds.
const CHECK_LIMIT = 180;

// Files of its own, readable for no one else; a short name, because the path of PM2's socket is limited.
process.umask(0o077);
const folder = mkdtempSync('/tmp/calm-demo-');
const place = (name) => join(folder, name);

// It leaks from the moment on that it is told to; a new process begins without the leak.
const APP = `
const { existsSync, rmSync } = require('node:fs');
const told = __filename + '.leak';
const kept = [];
let leaks = false;
setInterval(() => {
  if (existsSync(told)) {
    rmSync(told);
    leaks = true;
  }
  if (leaks && kept.length < 60) kept.push(Buffer.alloc(4 * 1024 * 1024, 1));
}, 300);
require('node:http').createServer((_, answer) => answer.end('ok')).listen(0, '127.0.0.1');
`;

const THRESHOLDS = `format: 1

# Thresholds of the demo

Short times, so that it fits into four minutes.

## Alerts

| signal | subject | warning | critical | for | recovers at | no data after | what it means | runbook | commands |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
| \`app.memory\` | \`app:demo-*@*\` | above 160 MiB | - | 2 s | 120 MiB | - | A program uses more and more memory; it may have a leak. | app-memory-growth | \`pm2-reload\` |
| \`app.up\` | \`app:demo-*@*\` | - | below 1 | 20 s | 1 | - | An app that should run does not. | crash-loop | \`pm2-restart\` |

## Organizations

| signal | subject | warning | critical | for | recovers at | no data after | what it means | runbook | commands | measures |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
| \`organization.batch\` | \`organization:demo-*\` | above 15 requests/s | - | 1 s | 8 requests/s | - | A customer uploads far more than usual. | organization-traffic | - | limit \`uploads\` for 10 min |

## How incidents behave

| rule | value |
| --- | --- |
| quiet for | 15 s |
| reopen within | 5 min |
| flood of | 5 incidents in 5 min |
`;

let server;
let words = '';
let isOver = false;

/** Ends everything that was started, and removes its files. */
async function end(code) {
  if (isOver) return;
  isOver = true;
  if (server && server.exitCode === null && server.signalCode === null) {
    const gone = new Promise((done) => server.once('exit', done));
    server.kill('SIGTERM');
    const late = setTimeout(() => server.kill('SIGKILL'), 5_000);
    await gone;
    clearTimeout(late);
  }
  if (existsSync(place('pm2'))) await pm2('kill').catch(() => {});
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  process.exit(code);
}

async function fail(error) {
  if (isOver) return;
  console.error(`\nThe demo failed: ${error instanceof Error ? error.message : error}`);
  if (words) console.error(`Calm Ops said:\n${words}`);
  await end(1);
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    console.log('\nStopping the demo and removing its files.');
    void end(isCheck ? 1 : 0);
  });
}

/** PM2's program: as it is where commands may be started from, otherwise a copy that only this user can change, with Node beside it. */
const pm2Program = (() => {
  if (/^\/usr\/(local\/)?bin\//.test(foundPm2)) return foundPm2;
  mkdirSync(place('tool/bin'), { recursive: true });
  cpSync(resolve(foundPm2, '../../..'), place('tool/node_modules'), { recursive: true });
  symlinkSync('../node_modules/pm2/bin/pm2', place('tool/bin/pm2'));
  symlinkSync(process.execPath, place('tool/bin/node'));
  return place('tool/bin/pm2');
})();

const environment = (more = {}) => {
  const kept = ['PATH', 'HOME', 'LANG'].flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : []));
  return { ...Object.fromEntries(kept), ...more };
};

const pm2 = (...args) =>
  run(process.execPath, [pm2Program, ...args], { env: environment({ PM2_HOME: place('pm2'), PM2_DISCRETE_MODE: 'true' }), timeout: 30_000 });

const calm = (...args) => run(program, [...args, '--data-dir', place('data'), '--ops-dir', place('ops')], { env: environment(), timeout: 30_000 });

async function freePort() {
  for (let port = 3100; port < 3200; port += 1) {
    const isFree = await new Promise((answer) => {
      const probe = createServer();
      probe.once('error', () => answer(false));
      probe.listen(port, '127.0.0.1', () => probe.close(() => answer(true)));
    });
    if (isFree) return port;
  }
  throw new Error('none of the ports 3100 to 3199 is free.');
}

async function start(port) {
  await run(program, ['init', place('ops')], { env: environment() });
  writeFileSync(place('ops/alerts/thresholds.md'), THRESHOLDS);
  const own = pm2Program === foundPm2 ? '' : `program = "${pm2Program}"\n`;
  // A gate for the second act. There are few customers, so that one of them is a large share of all.
  writeFileSync(place('gate-token'), randomBytes(24).toString('hex'));
  const limits = place('ops/protection/limits.md');
  writeFileSync(limits, readFileSync(limits, 'utf8').replace('| largest share refused | 20% |', '| largest share refused | 70% |'));
  const gate = `[gate]\nlisten = "unix:${place('gate.sock')}"\ntoken_file = "${place('gate-token')}"\n`;
  writeFileSync(place('calm-ops.toml'), `host_name = "demo-host"\n\n[pm2]\nhome = "${place('pm2')}"\n${own}\n${gate}`);
  for (const name of ['demo-shop', 'demo-mail']) {
    writeFileSync(place(`${name}.js`), APP);
    await pm2('start', place(`${name}.js`), '--name', name);
  }
  const flags = ['--listen', `127.0.0.1:${port}`, '--data-dir', place('data'), '--ops-dir', place('ops'), '--interval', '1 s', '--config', place('calm-ops.toml')];
  server = spawn(program, ['serve', ...flags], { env: environment(), cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  for (const stream of [server.stdout, server.stderr]) stream.on('data', (text) => (words = (words + text).slice(-20_000)));
  server.once('error', fail);
  server.once('exit', (code) => fail(`Calm Ops stopped with exit code ${code}.`));
  for (let waited = 0; waited < 20; waited += 0.1) {
    const answer = await fetch(`http://localhost:${port}/api/health`).catch(() => undefined);
    if (answer && existsSync(place('data/owner-link'))) return;
    await pause(0.1);
  }
  throw new Error('Calm Ops did not answer within 20 s.');
}

/** Entries of the journal after a number, read beside the program. */
async function journal(after) {
  const { stdout } = await run(program, ['journal', 'export', '-', '--data-dir', place('data')], { env: environment(), maxBuffer: 64 * 1024 * 1024 });
  const entries = stdout.split('\n').filter(Boolean).map((line) => JSON.parse(line));
  return entries.filter((entry) => entry.number > after);
}

/** What the demo itself reads by the API, and what the check does by it: as an owner named "The demo". */
class Owner {
  constructor(address) {
    this.address = address;
    this.cookie = '';
  }

  async ask(path, body) {
    const headers = { cookie: this.cookie, ...(body && { 'content-type': 'application/json' }) };
    const answer = await fetch(this.address + path, { method: body ? 'POST' : 'GET', headers, body: body && JSON.stringify(body) });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${path} was answered with ${answer.status}: ${text}`);
    this.cookie = answer.headers.get('set-cookie')?.split(';')[0] ?? this.cookie;
    return text ? JSON.parse(text) : {};
  }

  async join(link) {
    await this.ask('/api/people/join', { secret: link.split('/').pop(), name: 'The demo', password: randomBytes(24).toString('hex') });
  }

  /** A link by which a person joins as another owner. */
  async invite() {
    const { secret } = await this.ask('/api/people/invitations', { role: 'owner' });
    return `${this.address}/join/${secret}`;
  }

  async incident(number) {
    return (await this.ask(`/api/ops/incidents/${number}`)).incident;
  }

  /** The draft of a message to the organizations that are affected. */
  async draft(incident) {
    const { messages } = await this.ask(`/api/ops/incidents/${incident}/messages`);
    return messages.map((message) => message.draft).find((draft) => draft.audience === 'affected');
  }

  async approve(id) {
    const { binding } = await this.ask(`/api/ops/recommendations/${id}`);
    await this.ask(`/api/ops/recommendations/${id}/approve`, { binding });
  }

  async resolve(incident) {
    await this.ask(`/api/ops/incidents/${incident}/resolve`, { note: 'The reload helped.' });
  }
}

/** The report of the simulation has to say what the second act tells. */
function checkFigures({ reactions, others }) {
  const refused = others.reduce((sum, phase) => sum + phase.counts.refused, 0);
  if (refused > 0) throw new Error(`${refused} requests of other customers were refused.`);
  for (const name of ['detected_after_s', 'limited_after_s', 'lifted_after_s']) {
    if (typeof reactions[name] !== 'number') throw new Error(`the report has no ${name}: ${JSON.stringify(reactions)}`);
  }
  if (reactions.limited_after_s > 10) throw new Error(`the limit came after ${reactions.limited_after_s} s.`);
}

/** What has to be true while the customer is limited: it alone, and an incident that says so. */
async function checkLimited(owner, number) {
  const { measures } = await owner.ask('/api/ops/protection');
  const limited = measures.map((one) => one.organization);
  if (String(limited) !== CUSTOMER) throw new Error(`instead of ${CUSTOMER} these are limited: ${limited}.`);
  const { state, cause } = await owner.incident(number);
  if (state === 'resolved') throw new Error(`incident ${number} is resolved although its limit is in force.`);
  if (cause !== CUSTOMER) throw new Error(`incident ${number} is about ${cause}.`);
}

/** Tells who is affected, and the draft of a message to them. */
async function tellCustomers(address, say, owner, { incident, impact }) {
  const affected = impact.organizations.map((one) => one.organization);
  say(`Affected: ${affected.map((name) => name.split(':')[1]).join(', ')}. What limits them, and what happened to them: ${address}/ops/organizations/${affected[0].split(':')[1]}`);
  const draft = await owner.draft(incident);
  say(`A message to them is drafted, from facts alone. You edit it, and you send it: ${address}/ops/incidents/${incident}/messages\n        "${draft.sentences[0].text}"`);
  if (!isCheck) return;
  if (String(affected) !== CUSTOMER) throw new Error(`instead of ${CUSTOMER} these are affected: ${affected}.`);
  const text = draft.sentences.map((sentence) => sentence.text).join(' ');
  if (!/has had a problem since/.test(text) || /demo-acme/.test(text)) throw new Error(`the draft says: ${text}`);
}

/** The second act: a customer uploads far more than usual. Returns the kinds of entries that it led to. */
async function spike(address, say, owner, after) {
  say(`Now demo-acme, one of 21 customers of the demo, begins to upload far more than usual. Watch it: ${address}/ops/protection`);
  const flags = ['--data-dir', place('data'), '--ops-dir', place('ops'), '--config', place('calm-ops.toml'), '--save', place('simulation')];
  const scenario = ['simulate', 'upload-spike', '--organization', 'demo-acme', '--rate', '30/s', '--ramp', '3s', '--for', '15s'];
  const others = ['--others', '20', '--others-rate', '1/s', '--calm', '6s', '--after', '80s'];
  const simulation = run(program, [...scenario, ...others, ...flags], { env: environment(), cwd: folder, timeout: 180_000 });
  let isOver = false;
  let isTold = false;
  const report = simulation.finally(() => (isOver = true));
  report.catch(() => {});
  const happened = [];
  let known = after;
  const look = async () => {
    for (const { number, kind, actor, payload } of await journal(known)) {
      known = number;
      happened.push(kind);
      const event = payload ? JSON.parse(payload) : {};
      switch (kind) {
        case 'incident_opened':
          say(`Incident ${event.incident.number} was opened.`);
          break;
        case 'measure_began':
          say(`Calm Ops limits uploads of demo-acme to ${event.measure.rate.toFixed(1)} a second, and nobody else's: ${address}/ops/incidents/${event.incident}`);
          if (isCheck) await checkLimited(owner, event.incident);
          break;
        case 'impact_changed':
          if (isTold || event.impact.organizations.length === 0) break;
          isTold = true;
          await tellCustomers(address, say, owner, event);
          break;
        case 'measure_changed':
          say(`The problem is easing, so ${event.measure.rate.toFixed(1)} a second pass.`);
          break;
        case 'measure_ended':
          say(actor === 'agent' ? 'The limit is lifted: nobody had to do anything.' : 'The limit is lifted.');
          if (isCheck && actor !== 'agent') throw new Error(`the limit was lifted by ${actor}, not by Calm Ops itself.`);
          break;
      }
    }
  };
  while (!isOver) {
    await look();
    await pause(1);
  }
  await report;
  await look();
  const figures = JSON.parse(readFileSync(place('simulation/report.json'), 'utf8'));
  if (isCheck) {
    checkFigures(figures);
    const { measures } = await owner.ask('/api/ops/protection');
    if (measures.length > 0) throw new Error(`${measures.length} limits are in force after the spike.`);
  }
  say(`The simulation's own report: ${place('simulation/report.txt')}`);
  return happened;
}

async function play() {
  const port = await freePort();
  const address = `http://localhost:${port}`;
  console.log(`The demo of Calm Ops. All of it is in ${folder}; Ctrl-C stops it and removes that folder.\n`);
  await start(port);
  const link = readFileSync(place('data/owner-link'), 'utf8').trim();
  const owner = new Owner(address);
  await owner.join(link);
  if (!isCheck) {
    console.log(`Open this link, and choose any name and password:\n\n    ${await owner.invite()}\n`);
    console.log(`The incident begins as soon as you have, or in ${WAIT_FOR_OWNER} s.\n`);
  }
  const mayBegin = Date.now() + WAIT_FOR_OWNER * 1_000;
  const isHere = async () => (await journal(0)).filter(({ kind }) => kind === 'account_created').length > 1;
  while (Date.now() < mayBegin && !(await isHere())) await pause(1);
  // A few values of a calm time come first.
  await pause(8);

  const began = Date.now();
  const say = (sentence) => {
    const seconds = Math.round((Date.now() - began) / 1_000);
    console.log(`  ${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}  ${sentence}`);
  };
  const repair = async (sentence) => {
    say(sentence);
    await pm2('reload', 'demo-shop');
  };
  writeFileSync(place('demo-shop.js.leak'), '');
  say(`demo-shop leaks memory from now on. Watch it rise: ${address}/ops/health`);

  const happened = [];
  let incident = 1;
  let known = 0;
  let decideBy = Infinity;
  while (!happened.includes('resolved')) {
    for (const { number, kind, incident: about, payload } of await journal(known)) {
      known = number;
      if (about === null) continue;
      const event = payload ? JSON.parse(payload) : {};
      happened.push(kind);
      switch (kind) {
        case 'incident_opened':
          incident = about;
          say(`Incident ${about} was opened: ${address}/ops/incidents/${about}`);
          break;
        case 'recommended': {
          // The page shows the others, too.
          if (event.recommendation.place !== 1) break;
          const id = `${about}-${event.recommendation.place}`;
          decideBy = Date.now() + WAIT_FOR_DECISION * 1_000;
          say(`Calm Ops recommends to reload demo-shop. Read why, and approve or decline: ${address}/ops/approve/${id}`);
          if (approves) await owner.approve(id);
          break;
        }
        case 'approved':
          decideBy = Infinity;
          say('Approved. The command starts.');
          break;
        case 'recommendation_declined':
          decideBy = Date.now() + 5_000;
          say('Declined. The app keeps leaking until someone helps it.');
          break;
        case 'run_ended':
          say('The command has finished. Calm Ops watches whether it helped.');
          break;
        case 'run_proved':
          say(event.worked ? 'It worked: the memory has recovered.' : 'It did not help.');
          if (!event.worked) decideBy = Date.now() + 5_000;
          break;
        case 'breach_cleared':
          decideBy = Infinity;
          say('The memory is back to normal. The incident is over if it stays so for 15 s.');
          break;
        case 'resolution_offered':
          say(`All is quiet. You took part, so you end it: press Resolve on ${address}/ops/incidents/${about}`);
          if (approves) await owner.resolve(about);
          break;
        case 'resolved':
          say('The incident is resolved.');
          break;
      }
    }
    if (Date.now() > decideBy) {
      decideBy = Infinity;
      await repair('Nobody helped demo-shop, so the demo reloads it, as an engineer would by hand.');
    }
    if (isCheck && Date.now() - began > CHECK_LIMIT * 1_000) {
      throw new Error(`the incident did not end within ${CHECK_LIMIT} s. What happened: ${happened.join(', ')}.`);
    }
    await pause(1);
  }

  const told = await spike(address, say, owner, known);

  const { stdout } = await calm('journal', 'verify');
  console.log(`\n${stdout.trim()}`);
  if (isCheck) {
    const wanted = approves
      ? ['incident_opened', 'recommended', 'approved', 'run_started', 'run_ended', 'run_proved', 'breach_cleared', 'resolved']
      : ['incident_opened', 'recommended', 'breach_cleared', 'resolved'];
    wanted.push('measure_began', 'impact_changed', 'measure_changed', 'measure_ended');
    happened.push(...told);
    const missing = wanted.filter((kind) => !happened.includes(kind));
    if (missing.length > 0) throw new Error(`this did not happen: ${missing.join(', ')}.`);
    if (!approves && happened.includes('run_started')) throw new Error('a command ran that nobody approved.');
    const { incident: seen } = await owner.ask(`/api/ops/incidents/${incident}`);
    if (seen.state !== 'resolved') throw new Error(`the page of the incident says that it is ${seen.state}.`);
    console.log('The demo works.');
    await end(0);
    return;
  }
  console.log(`\nThat was all of it: ${address}/ops/incidents/${incident} tells the story. Look around as long as you like; Ctrl-C ends the demo.`);
  // The program keeps this one alive.
}

play().catch(fail);
