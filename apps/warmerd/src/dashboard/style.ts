export const STYLE = `
:root { color-scheme: light dark; --line: light-dark(#d8dee4, #30363d); --soft: light-dark(#57606a, #9aa4af);
  --good: light-dark(#1a7f37, #56d364); --warn: light-dark(#9a6700, #e3b341); --bad: light-dark(#cf222e, #ff7b72);
  --link: light-dark(#0969da, #79c0ff); }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 70rem; padding: 1rem; font: 1rem/1.5 system-ui, sans-serif;
  background: light-dark(#fff, #0d1117); color: light-dark(#1f2328, #e6edf3); }
h1 { margin: 0; font-size: 1.5rem; } h2 { margin: 2rem 0 .5rem; font-size: 1.15rem; }
header p { margin: 0; color: var(--soft); }
small { color: var(--soft); } code { font: .9em ui-monospace, monospace; }
table { width: 100%; border-collapse: collapse; }
th, td { padding: .45rem .75rem .45rem 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
thead th { color: var(--soft); font-size: .875rem; font-weight: 600; }
tbody th { font-weight: 500; overflow-wrap: anywhere; }
.facts { display: flex; flex-wrap: wrap; gap: .5rem 2.5rem; margin: 1rem 0 0; }
.facts dt { color: var(--soft); font-size: .875rem; } .facts dd { margin: 0; font-size: 1.15rem; }
.state { color: var(--good); white-space: nowrap; } .state.stale { color: var(--warn); white-space: normal; }
.state.failed { color: var(--bad); white-space: normal; }
.error { margin: .15rem 0 0; color: var(--bad); font-size: .875rem; font-weight: 400; overflow-wrap: anywhere; }
.pulling { list-style: none; padding: 0; } .pulling li { display: flex; flex-wrap: wrap; gap: .25rem 1rem; align-items: center; }
progress, meter { width: 12rem; vertical-align: middle; }
form { display: flex; gap: .5rem; margin: 0; }
input { min-width: 0; width: 7rem; } input, button { min-height: 2rem; padding: .2rem .6rem; font: inherit; font-size: .9rem;
  border: 1px solid var(--line); border-radius: .35rem; background: transparent; color: inherit; }
button { cursor: pointer; border-color: var(--link); color: var(--link); }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
.skip, .hidden { position: absolute; left: -100rem; } .skip:focus { position: static; }
@media (max-width: 44rem) {
  thead { position: absolute; left: -100rem; }
  tr { display: block; padding: .6rem 0; border-bottom: 1px solid var(--line); }
  tbody th, td { display: block; border: 0; padding: .1rem 0; }
  td::before { content: attr(data-label) ': '; color: var(--soft); }
  input, button { min-height: 2.75rem; }
}`;
