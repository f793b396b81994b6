/** Fetches the page again when something happened, at most once a second, and leaves alone what the user is in. */
export const SCRIPT = `
let timer;
const refresh = async () => {
  timer = undefined;
  if (document.activeElement?.matches('input, button')) return;
  const answer = await fetch('/', { headers: { accept: 'text/html' } });
  const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html');
  for (const part of ['main', '#summary']) {
    const [old, next] = [document.querySelector(part), fresh.querySelector(part)];
    if (old.innerHTML !== next.innerHTML) old.replaceChildren(...next.childNodes);
  }
};
const later = () => { timer ??= setTimeout(() => refresh().catch(() => {}), 1000); };
const events = new EventSource('/api/events');
for (const type of ['run.started', 'run.finished', 'image.pulling', 'image.progress', 'image.finished', 'image.removed'])
  events.addEventListener(type, later);
setInterval(later, 30000);
`;
