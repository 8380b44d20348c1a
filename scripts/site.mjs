// Puts together what the browser gets. Called by scripts/site:
//   node scripts/site.mjs BINDINGS SITE TOOLS light|dist
// SITE is replaced as a whole, at the end: nobody sees half of it.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, extname, join, relative } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const [bindings, site, tools, mode] = process.argv.slice(2);
const small = mode === 'dist';
const next = `${site}.next`;
rmSync(next, { recursive: true, force: true });
mkdirSync(join(next, 'pkg'), { recursive: true });

/** Names a file by its content, so that a browser may keep it for ever. */
function put(extension, content) {
  const hash = createHash('sha256').update(content).digest('hex').slice(0, 16);
  const name = `calm-ops.${hash}.${extension}`;
  writeFileSync(join(next, 'pkg', name), content);
  return name;
}

/** The style sheet: what style/main.css imports, in its order, as one file. */
function styles(file, seen = new Set()) {
  if (!existsSync(file) || seen.has(file)) return '';
  seen.add(file);
  const imports = /^\s*@import\s+(?:url\()?["']([^"']+)["']\)?\s*;/gm;
  const text = readFileSync(file, 'utf8');
  return text.replace(imports, (_, name) => styles(join(dirname(file), name), seen));
}

function minified(css) {
  if (!small) return css;
  const { transform } = createRequire(join(tools, 'package.json'))('lightningcss');
  return transform({ filename: 'main.css', code: Buffer.from(css), minify: true, errorRecovery: false }).code;
}

let wasm = join(bindings, 'calm-ops_bg.wasm');
if (small) {
  const optimised = join(bindings, 'optimised.wasm');
  // What rustc emits today; wasm-opt refuses what it was not told of.
  const features = ['bulk-memory', 'bulk-memory-opt', 'call-indirect-overlong', 'extended-const', 'multivalue', 'mutable-globals',
    'nontrapping-float-to-int', 'reference-types', 'sign-ext'];
  execFileSync(join(tools, 'node_modules/.bin/wasm-opt'), [wasm, '-Oz', '--converge', ...features.map((name) => `--enable-${name}`), '-o', optimised],
    { stdio: 'inherit' });
  wasm = optimised;
}

const manifest = {
  js: put('js', readFileSync(join(bindings, 'calm-ops.js'))),
  wasm: put('wasm', readFileSync(wasm)),
  css: put('css', minified(styles('style/main.css'))),
};
// JavaScript that a crate brings along; wasm-bindgen puts a hash into the folder's name.
if (existsSync(join(bindings, 'snippets'))) cpSync(join(bindings, 'snippets'), join(next, 'pkg', 'snippets'), { recursive: true });
cpSync('style/assets', next, { recursive: true });

/** Compressed once, here, as well as can be: the server only picks. */
function compress(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const file = join(folder, entry.name);
    if (entry.isDirectory()) {
      compress(file);
    } else if (['.js', '.wasm', '.css', '.svg', '.webmanifest'].includes(extname(file))) {
      const plain = readFileSync(file);
      const brotli = brotliCompressSync(plain, {
        params: {
          [constants.BROTLI_PARAM_QUALITY]: small ? 11 : 4,
          [constants.BROTLI_PARAM_SIZE_HINT]: plain.length,
          [constants.BROTLI_PARAM_LGWIN]: 22,
        },
      });
      const gzip = gzipSync(plain, { level: small ? 9 : 1 });
      // A variant that saves nothing is not worth its negotiation.
      if (brotli.length < plain.length * 0.9) writeFileSync(`${file}.br`, brotli);
      if (gzip.length < plain.length * 0.9) writeFileSync(`${file}.gz`, gzip);
      console.log(relative(next, file), plain.length, 'br', brotli.length, 'gz', gzip.length);
    }
  }
}
compress(next);
writeFileSync(join(next, 'manifest.json'), `${JSON.stringify(manifest)}\n`);
rmSync(site, { recursive: true, force: true });
renameSync(next, site);
console.log(basename(site), statSync(join(site, 'manifest.json')).size > 0 ? 'written' : 'empty');
