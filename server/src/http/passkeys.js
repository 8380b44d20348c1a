// Passkeys need these few lines: the browser's own functions take bytes. Everything else on these pages works without script.
'use strict';
const UNREACHABLE = "Can't reach Calm Ops. Check your connection and try again.";
const asJson = (answer) => answer.json().catch(() => ({}));
const post = async (path, body) => {
  const request = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
  const answer = await fetch(path, request).catch(() => {
    throw new Error(UNREACHABLE);
  });
  const json = await asJson(answer);
  if (!answer.ok) throw new Error(json.detail || UNREACHABLE);
  return json;
};
// Bytes travel as base64url. Not every browser that has passkeys turns them into JSON and back by itself.
const bytes = (text) => Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (letter) => letter.charCodeAt(0));
const text = (buffer) => {
  const letters = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join('');
  return btoa(letters).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
};
const named = (list) => (list ?? []).map((known) => ({ ...known, id: bytes(known.id) }));
const asked = (json) => ({ ...json, challenge: bytes(json.challenge), allowCredentials: named(json.allowCredentials) });
const begun = (json) => ({
  ...json,
  challenge: bytes(json.challenge),
  user: { ...json.user, id: bytes(json.user.id) },
  excludeCredentials: named(json.excludeCredentials),
});
const told = (credential) => {
  const { id, rawId, type, authenticatorAttachment, response } = credential;
  const parts = ['clientDataJSON', 'attestationObject', 'authenticatorData', 'signature', 'userHandle'];
  const json = Object.fromEntries(parts.flatMap((part) => (response[part] ? [[part, text(response[part])]] : [])));
  if (response.getTransports) json.transports = response.getTransports();
  if (response.getAuthenticatorData) json.authenticatorData = text(response.getAuthenticatorData());
  if (response.getPublicKeyAlgorithm) json.publicKeyAlgorithm = response.getPublicKeyAlgorithm();
  const key = response.getPublicKey?.();
  if (key) json.publicKey = text(key);
  return { id, rawId: text(rawId), type, authenticatorAttachment, response: json, clientExtensionResults: credential.getClientExtensionResults() };
};
const actions = {
  async 'sign-in'(form) {
    const publicKey = asked(await post('/api/people/passkeys/ask', {}));
    const credential = await navigator.credentials.get({ publicKey });
    await post('/api/people/passkeys/sign-in', told(credential));
    location.replace(form.elements.to.value || '/');
  },
  async add(form) {
    const publicKey = begun(await post('/api/people/passkeys/begin', {}));
    const credential = await navigator.credentials.create({ publicKey });
    await post('/api/people/passkeys/add', { label: form.elements.label.value, credential: told(credential) });
    // A page that is alive tells it in place; any other is loaded again.
    const added = new CustomEvent('passkey-added', { bubbles: true, cancelable: true });
    if (form.dispatchEvent(added)) location.replace('/ops/settings?done=passkey#said-passkeys');
  },
};
// Errors of the browser, in plain words.
const UNCONFIRMED = 'Your device did not confirm this. Nothing was changed. Try again.';
const WORDS = {
  NotAllowedError: UNCONFIRMED,
  AbortError: UNCONFIRMED,
  InvalidStateError: 'This device already has a passkey for your account.',
};
const UNSUPPORTED = 'This browser does not support passkeys.';
const isSupported = Boolean(globalThis.PublicKeyCredential);
for (const form of document.querySelectorAll('form.passkey')) {
  if (isSupported) form.querySelector('button').disabled = false;
  else form.querySelector('[role=status]').textContent = UNSUPPORTED;
}
// A form may come and go while the page is alive.
document.addEventListener('submit', async (event) => {
  const form = event.target;
  const action = form.matches('.passkey') && actions[form.getAttribute('name')];
  if (!action) return;
  event.preventDefault();
  const say = form.querySelector('[role=status]');
  if (!isSupported) {
    say.textContent = UNSUPPORTED;
    return;
  }
  const button = form.querySelector('button');
  button.disabled = true;
  say.textContent = 'Follow the prompt on your device.';
  try {
    await action(form);
    say.textContent = '';
  } catch (error) {
    say.textContent = WORDS[error.name] ?? error.message;
  }
  button.disabled = false;
});
