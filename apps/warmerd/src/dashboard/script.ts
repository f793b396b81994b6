/**
 * The script of the dashboard. After an event, at most once a second, it fetches the page again and replaces the parts that
 * changed; and it draws the charts. The token stays in this tab.
 */
export const SCRIPT = `
const byId = (id) => document.getElementById(id);
let timer;
const refresh = async () => {
  timer = undefined;
  const answer = await fetch('/', { headers: { accept: 'text/html' } });
  const text = (await answer.text()).replace(/<style[^]*?<\\/style>/, ''); // it has another nonce, and the browser would report it
  const fresh = new DOMParser().parseFromString(text, 'text/html');
  const focused = document.activeElement?.id;
  for (const part of document.querySelectorAll('[data-live]')) {
    const next = fresh.getElementById(part.id);
    if (next === null || next.innerHTML === part.innerHTML) continue;
    part.replaceChildren(...next.childNodes);
  }
  if (focused) byId(focused)?.focus({ preventScroll: true });
  draw();
};
const later = () => { timer ??= setTimeout(() => refresh().catch(() => {}), 1000); };
const events = new EventSource('/api/events');
for (const type of ['run.started', 'run.finished', 'image.pulling', 'image.progress', 'image.finished', 'image.removed'])
  events.addEventListener(type, later);
setInterval(later, 30000);

const token = byId('token');
if (token !== null) {
  token.value = sessionStorage.getItem('token') ?? '';
  byId('warm').addEventListener('submit', () => sessionStorage.setItem('token', token.value));
}
if (location.search !== '') history.replaceState(null, '', '/');

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'];
const bytes = (value) => {
  if (value == null) return '–';
  const unit = Math.min(Math.floor(Math.log10(Math.max(Math.abs(value), 1)) / 3), 4);
  return (value / 1000 ** unit).toFixed(unit === 0 ? 0 : 1) + ' ' + UNITS[unit];
};
const hour = (value) => {
  const date = new Date(value * 1000);
  const isDay = date.getHours() === 0;
  const parts = isDay ? { day: 'numeric', month: 'short' } : { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' };
  return date.toLocaleString([], parts);
};
const drawn = new Map();
const colour = (name) => {
  const probe = document.body.appendChild(document.createElement('i'));
  probe.style.color = 'var(' + name + ')';
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
};
const chart = (id, data, series) => {
  const place = byId(id);
  const known = drawn.get(id);
  if (known !== undefined) return known.setData(data);
  const soft = colour('--soft');
  const axis = { stroke: soft, grid: { stroke: colour('--line'), width: 1 }, ticks: { show: false }, font: '12px system-ui' };
  const options = {
    width: place.clientWidth, height: 170, cursor: { y: false }, padding: [8, 8, 0, 0],
    scales: { y: { range: (u, low, high) => [0, Math.max(high, 1) * 1.1] } },
    axes: [{ ...axis, size: 30, values: (u, values) => values.map(hour) }, { ...axis, size: 68, values: (u, values) => values.map(bytes) }],
    series: [{ label: 'Run', value: (u, value) => (value == null ? '–' : new Date(value * 1000).toLocaleString()) }, ...series.map((each) => ({ ...each, value: (u, value) => bytes(value) }))],
  };
  drawn.set(id, new uPlot(options, data, place));
};
const draw = () => {
  const source = byId('history');
  if (typeof uPlot === 'undefined' || source === null) return;
  const { times, used, limit, fetched } = JSON.parse(source.textContent);
  if (times.length < 2) return;
  byId('charts').hidden = false;
  const accent = colour('--accent');
  const quota = limit === null ? [] : [{ label: 'Quota', stroke: colour('--warn'), dash: [6, 4], points: { show: false } }];
  const used1 = { label: 'On disk', stroke: accent, width: 2, fill: accent.replace(/\\)$/, ' / .12)').replace('rgb(', 'rgb(').replaceAll(',', ' '), points: { show: false } };
  chart('used', limit === null ? [times, used] : [times, used, times.map(() => limit)], [used1, ...quota]);
  const bars = uPlot.paths.bars({ size: [0.7, 24, 5] });
  chart('fetched', [times, fetched], [{ label: 'Fetched', stroke: colour('--good'), fill: colour('--good'), width: 0, paths: bars, points: { show: false } }]);
};
addEventListener('load', draw);
const redraw = () => { for (const plot of drawn.values()) plot.destroy(); drawn.clear(); draw(); };
addEventListener('resize', () => { for (const plot of drawn.values()) plot.setSize({ width: plot.root.parentElement.clientWidth, height: 170 }); });
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redraw);
`;
