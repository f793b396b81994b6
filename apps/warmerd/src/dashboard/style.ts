/** The style sheet of the dashboard, in light and dark colours. */
export const STYLE = `
:root { color-scheme: light dark;
  --page: light-dark(#f6f7f9, #0e1116); --card: light-dark(#fff, #161b22); --line: light-dark(#e2e6eb, #2a313a);
  --text: light-dark(#1b2127, #e4e9ef); --soft: light-dark(#5a6571, #98a3b0); --track: light-dark(#e9ecf0, #262d36);
  --accent: light-dark(#0b6bcb, #6cb4ff); --onaccent: light-dark(#fff, #0b1017);
  --good: light-dark(#13702f, #5fd67d); --goodback: light-dark(#e3f5e8, #12301c);
  --same: light-dark(#4a5561, #a9b4c0); --sameback: light-dark(#eef1f4, #222a33);
  --warn: light-dark(#8a5a00, #f0b945); --warnback: light-dark(#fdf1d6, #35280c);
  --bad: light-dark(#b3202c, #ff8a84); --badback: light-dark(#fde8e8, #3a1618); }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; font: 1rem/1.5 system-ui, -apple-system, 'Segoe UI', sans-serif; background: var(--page); color: var(--text); }
.frame { max-width: 76rem; margin-inline: auto; padding-inline: 1.25rem; }
.top { background: var(--card); border-bottom: 1px solid var(--line); }
.top .frame { display: flex; flex-wrap: wrap; align-items: center; gap: .75rem 1.25rem; padding-block: .9rem; }
.brand { display: flex; align-items: center; gap: .6rem; }
.brand svg { width: 1.75rem; height: 1.75rem; color: var(--accent); flex: none; }
h1 { margin: 0; font-size: 1.15rem; letter-spacing: -.01em; }
h2 { margin: 0; font-size: 1rem; }
main { padding-block: 1.25rem 3rem; display: grid; gap: 1.25rem; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: .7rem; overflow: clip; }
.card > h2 { padding: .85rem 1.1rem .35rem; }
.note { margin: 0; padding: .35rem 1.1rem 1rem; color: var(--soft); }
.pill { display: inline-flex; align-items: center; gap: .4em; padding: .1rem .6rem; border-radius: 1rem; font-size: .85rem;
  font-weight: 550; white-space: nowrap; color: var(--same); background: var(--sameback); }
.pill::before { content: ''; width: .5em; height: .5em; border-radius: 50%; background: currentColor; flex: none; }
.pill.warmed, .pill.good { color: var(--good); background: var(--goodback); }
.pill.stale { color: var(--warn); background: var(--warnback); }
.pill.failed { color: var(--bad); background: var(--badback); }
.pill.now { color: var(--accent); background: color-mix(in srgb, var(--accent) 14%, transparent); }
.warm { display: flex; gap: .5rem; margin-inline-start: auto; }
.banner { margin: 0; padding: .7rem 1.1rem; border-radius: .7rem; color: var(--good); background: var(--goodback); }
.banner.refused { color: var(--bad); background: var(--badback); }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(12.5rem, 1fr)); gap: 1.25rem; margin: 0; }
.facts div { background: var(--card); border: 1px solid var(--line); border-radius: .7rem; padding: .8rem 1.1rem; }
.facts dt { color: var(--soft); font-size: .85rem; }
.facts dd { margin: 0; font-size: 1.4rem; font-weight: 600; letter-spacing: -.02em; font-variant-numeric: tabular-nums; }
.facts dd small { display: block; font-size: .85rem; font-weight: 400; letter-spacing: 0; min-height: 1.5em; }
small { color: var(--soft); font-size: .85rem; }
code { font: .85em ui-monospace, 'SF Mono', Menlo, monospace; }
.scroll { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; font-size: .925rem; font-variant-numeric: tabular-nums; }
th, td { padding: .6rem .75rem; border-top: 1px solid var(--line); text-align: left; vertical-align: top; }
th:first-child, td:first-child { padding-inline-start: 1.1rem; } th:last-child, td:last-child { padding-inline-end: 1.1rem; }
thead th { border-top: 0; padding-block: .25rem .5rem; color: var(--soft); font-size: .8rem; font-weight: 550; white-space: nowrap; }
tbody th { font-weight: 550; overflow-wrap: anywhere; } tbody th small { display: block; font-weight: 400; }
tbody th .place { color: var(--soft); font-weight: 400; }
tbody tr:hover { background: color-mix(in srgb, var(--accent) 4%, transparent); }
td time, td code { white-space: nowrap; } .number { text-align: right; white-space: nowrap; }
.error { margin: .3rem 0 0; color: var(--bad); font-size: .85rem; font-weight: 400; overflow-wrap: anywhere; white-space: pre-line; max-width: 60ch; }
.error.soft { color: var(--warn); }
progress, meter { display: block; width: 100%; height: .5rem; margin-top: .35rem; border: 0; border-radius: 1rem; overflow: hidden;
  appearance: none; background: var(--track); }
progress::-webkit-progress-bar { background: var(--track); } progress::-webkit-progress-value { background: var(--accent); border-radius: 1rem; }
progress::-moz-progress-bar { background: var(--accent); border-radius: 1rem; }
meter::-webkit-meter-inner-element { display: grid; grid-template-rows: 0 [line1] 100% [line2] 0; height: .5rem; }
meter::-webkit-meter-bar { height: 100%; border: 0; border-radius: 1rem; background: var(--track); }
meter::-webkit-meter-optimum-value { height: 100%; background: var(--accent); border-radius: 1rem; }
meter::-webkit-meter-suboptimum-value { height: 100%; background: var(--warn); border-radius: 1rem; }
input, button { min-height: 2.25rem; font: inherit; font-size: .9rem; border-radius: .45rem; border: 1px solid var(--line);
  background: var(--card); color: inherit; padding: .25rem .75rem; }
input { min-width: 0; width: 11rem; } ::placeholder { color: var(--soft); opacity: 1; }
button { cursor: pointer; font-weight: 550; color: var(--accent); white-space: nowrap; }
button:hover { border-color: var(--accent); } button.main { background: var(--accent); border-color: var(--accent); color: var(--onaccent); }
td button { min-height: 1.9rem; padding-block: .1rem; } td.act { width: 1%; text-align: right; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
.skip, .hidden { position: absolute; left: -100rem; }
.skip:focus { left: 1rem; top: .5rem; z-index: 1; padding: .3rem .7rem; background: var(--card); border-radius: .4rem; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr)); gap: .5rem 1.5rem; padding: .25rem 1.1rem .75rem; }
.charts figure { margin: 0; min-width: 0; } .charts figcaption { color: var(--soft); font-size: .85rem; padding-bottom: .25rem; }
.charts[hidden] { display: none; } .u-legend { font-size: .8rem; color: var(--soft); text-align: left; } .u-legend th, .u-legend td { border: 0; padding: .1rem .3rem; }
.u-legend tr:hover { background: none; } tr.why td { border: 0; padding-top: 0; } tr.why .error { margin: 0; max-width: none; }
tr:has(+ .why) > * { padding-bottom: .25rem; }
details > summary { padding: .7rem 1.1rem; cursor: pointer; color: var(--accent); font-size: .9rem; border-top: 1px solid var(--line); }
@media (max-width: 52rem) {
  .warm { margin-inline-start: 0; width: 100%; } .warm input { flex: 1; }
  .facts { grid-template-columns: 1fr 1fr; gap: .75rem; } .facts dd { font-size: 1.15rem; }
  thead { position: absolute; left: -100rem; }
  tbody tr { display: grid; grid-template-columns: 1fr 1fr; gap: .15rem 1rem; padding: .8rem 1.1rem; border-top: 1px solid var(--line); }
  tbody th, tbody td, tbody th:first-child, tbody td:last-child { display: block; border: 0; padding: 0; text-align: left; }
  tbody th, .wide { grid-column: 1 / -1; } tbody td.number { text-align: left; }
  tbody tr.why { border: 0; padding-top: 0; } tbody tr:has(+ .why) { padding-bottom: .35rem; } tr.why td { grid-column: 1 / -1; } tbody td.act { width: auto; }
  td[data-label]::before { content: attr(data-label); display: block; color: var(--soft); font-size: .78rem; }
  td.act button, input, button { min-height: 2.75rem; } td.act { padding-top: .4rem; } td.act button { width: 100%; }
}
@media (prefers-reduced-motion: no-preference) { .pill.now::before { animation: beat 1.2s ease-in-out infinite alternate; } }
@keyframes beat { from { opacity: .35; } }`;
