import tokens from '../../renderer/app/tokens.css?raw'

/** The app's tokens without their fonts: a report is one file, and reads well in the fonts of its reader. */
const TOKENS = tokens.replace(/@font-face\s*\{[^}]*\}/g, '')

export const STYLE = `${TOKENS}
body { margin: 0; background: var(--bg-0); color: var(--ink-1); font: var(--fw-regular) 13px/20px var(--font-ui); font-variant-numeric: tabular-nums; }
main { max-width: 1040px; margin: 0 auto; padding: var(--s8) var(--s6); }
h1 { font-size: 20px; line-height: 28px; margin: 0 0 var(--s1); } h2 { font-size: 14px; margin: var(--s8) 0 var(--s2); padding-bottom: var(--s1); border-bottom: 1px solid var(--line); }
p { margin: var(--s2) 0; } .lead, .note { color: var(--ink-2); } .badge { border: 1px solid var(--line-2); border-radius: var(--r-2); padding: 0 6px; font-size: var(--fs-small); display: inline-block; }
dl { display: grid; grid-template-columns: 160px 1fr; gap: 2px var(--s3); margin: 0; } dt { color: var(--ink-3); } dd { margin: 0; overflow-wrap: anywhere; }
table { width: 100%; border-collapse: collapse; } th { text-align: left; color: var(--ink-3); font-weight: 400; font-size: var(--fs-small); } th, td { padding: 3px var(--s2) 3px 0; border-bottom: 1px solid var(--line); vertical-align: top; } .r { text-align: right; white-space: nowrap; } td:first-child { white-space: nowrap; }
code, .mono { font-family: var(--font-mono); font-size: 12px; } pre { background: var(--bg-2); padding: var(--s2) var(--s3); overflow-x: auto; }
figure { margin: var(--s4) 0; break-inside: avoid; } figcaption { color: var(--ink-2); margin-bottom: var(--s1); } svg { width: 100%; height: auto; display: block; overflow: visible; }
.grid { stroke: var(--line); fill: none; } .area { fill: var(--ink-data-soft); } .tick { font-size: 10px; fill: var(--ink-3); } .tick.end { text-anchor: end; }
.bar.hard { fill: var(--hard-fill); } .bar.weak { fill: var(--weak-fill); } .bar.handle-counted { fill: var(--handle-fill); } .bar.unknown { fill: var(--none-fill); }
.pol { white-space: nowrap; } .pol i { display: inline-block; width: 20px; margin-right: 6px; vertical-align: middle; border-top: 2px solid; }
.hard { color: var(--hard); } .weak { color: var(--weak); } .weak i { border-top-style: dashed; } .handle-counted { color: var(--handle); } .handle-counted i { border-top-style: double; border-top-width: 5px; } .unknown, .none { color: var(--none); } .unknown i, .none i { border-top-style: dotted; }
.lost { border-left: 3px solid var(--loss); background: var(--gap-soft); padding: var(--s2) var(--s3); }
.failed { border-left: 3px solid var(--error); background: var(--violation-soft); padding: var(--s2) var(--s3); }
td.failed { padding: 3px var(--s2); } td.failed + td { padding-left: var(--s2); }
h3 { font-size: 13px; margin: var(--s4) 0 var(--s1); } .query { float: right; max-width: 70%; text-align: right; font-weight: 400; font-size: 11px; color: var(--ink-3); }
@page { size: A4; margin: 14mm 13mm 16mm; }
@media print {
  :root { print-color-adjust: exact; } body { background: #fff; font-size: 9.5pt; line-height: 13pt; } main { max-width: none; padding: 0; }
  h2 { margin-top: 16pt; } h2, h3, figcaption { break-after: avoid; } tr, figure, dl > *, p, pre { break-inside: avoid; } thead { display: table-header-group; }
  pre { white-space: pre-wrap; overflow-wrap: anywhere; } th, td { padding-right: 6pt; } td:first-child { white-space: normal; min-width: 76pt; }
}`
