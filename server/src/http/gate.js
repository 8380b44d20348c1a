// Passkeys need these few lines; everything else on these pages works without script.
'use strict';
const asJson = (answer) => answer.json().catch(() => ({}));
const post = async (path, body) => {
  const answer = await fetch(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  const json = await asJson(answer);
  if (!answer.ok) throw new Error(json.detail || 'Calm Ops could not be reached. Check the connection and try again.');
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
const deeds = {
  async 'sign-in'(form) {
    const publicKey = asked(await post('/api/people/passkeys/ask', {}));
    const credential = await navigator.credentials.get({ publicKey });
    await post('/api/people/passkeys/sign-in', told(credential));
    location.replace(form.dataset.to || '/');
  },
  async add(form) {
    const publicKey = begun(await post('/api/people/passkeys/begin', {}));
    const credential = await navigator.credentials.create({ publicKey });
    await post('/api/people/passkeys/add', { label: form.elements.label.value, credential: told(credential) });
    location.replace('/ops/settings?done=passkey#passkeys');
  },
};
for (const form of document.querySelectorAll('form[data-passkey]')) {
  const button = form.querySelector('button');
  const say = form.querySelector('[data-say]');
  if (!globalThis.PublicKeyCredential) {
    say.textContent = 'This browser has no passkeys.';
    continue;
  }
  button.disabled = false;
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    button.disabled = true;
    say.textContent = 'Your device asks you now.';
    try {
      await deeds[form.dataset.passkey](form);
      say.textContent = 'Done.';
    } catch (error) {
      const gone = error.name === 'NotAllowedError' || error.name === 'AbortError';
      say.textContent = gone ? 'Nothing was done: your device did not confirm it. Try again.' : error.message;
    }
    button.disabled = false;
  });
}
// By which clock someone sleeps, the browser knows.
for (const zone of document.querySelectorAll('input[data-zone]')) {
  if (!zone.value) zone.value = Intl.DateTimeFormat().resolvedOptions().timeZone || '';
}
// Times as the reader's own clock shows them.
for (const time of document.querySelectorAll('time[datetime]')) {
  const at = new Date(time.dateTime);
  if (!Number.isNaN(at.getTime())) time.textContent = at.toLocaleString([], { dateStyle: 'medium', timeStyle: 'short' });
}
