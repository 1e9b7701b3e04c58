import { readable } from '../measure/statistics.js';
import type { Line } from './figures.js';

const shown = ['baseline', 'random', 'hot', 'manyToMany', 'batch', 'copy', 'tenants100with100', 'tenants100'];
const row = 34;
const left = 330;
const width = 900;

/** A bar for each scenario that posts, longest at full width; drawn for light and dark pages alike. */
export function plotSvg(lines: readonly Line[], date: Date, processors: number): string {
  const bars = lines.filter(({ name }) => shown.includes(name));
  const longest = Math.max(...bars.map(({ perSecond }) => perSecond));
  const height = bars.length * row + 64;
  const drawn = bars.map((line, i) => {
    const y = 44 + i * row;
    const length = Math.max(2, Math.round(((width - left - 90) * line.perSecond) / longest));
    const color = line.name === 'baseline' ? '#b4552d' : line.name === 'copy' ? '#8a8f98' : '#2563a8';
    return [
      `<text x="${left - 10}" y="${y + 16}" text-anchor="end">${xmlText(line.title.replace(/^ours, /, ''))}</text>`,
      `<rect x="${left}" y="${y}" width="${length}" height="22" rx="2" fill="${color}"/>`,
      `<text x="${left + length + 8}" y="${y + 16}">${readable(line.perSecond)}</text>`,
    ].join('\n');
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="Durable transactions a second">
<style>text{font:13px system-ui,sans-serif;fill:#57606a}.t{font-weight:600;font-size:15px}@media(prefers-color-scheme:dark){text{fill:#c4ccd4}}</style>
<text class="t" x="10" y="22">Durable transactions a second, over HTTP (COPY: in SQL alone) · ${processors} processors for everything · ${date.toISOString().slice(0, 10)}</text>
${drawn.join('\n')}
</svg>
`;
}

function xmlText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
