/**
 * Bars of percentiles on a logarithmic axis, as SVG text: one group a contestant, one bar a percentile. No script, no font file; colours
 * that are told apart in grey too. Cold.
 */

export interface PlotGroup {
  readonly label: string;
  /** In the order drawn; values above 0. */
  readonly bars: readonly { readonly label: string; readonly ns: number }[];
}

const WIDTH = 760;
const LEFT = 70;
const RIGHT = 90;
const TOP = 40;
const BAR = 14;
const BAR_GAP = 3;
const HEAD = 24;
const GROUP_GAP = 10;
const AXIS = 34;
/** From the middle of a distribution to its end. */
const COLOURS = ["#7fb3d5", "#5499c7", "#2e86c1", "#21618c", "#1b2631"];

/** The picture; its axis has whole powers of ten at both ends. */
export function percentilePlot(title: string, groups: readonly PlotGroup[]): string {
  const values = groups.flatMap(({ bars }) => bars.map(({ ns }) => Math.max(ns, 0.1)));
  const low = Math.floor(Math.log10(Math.min(...values)) - 1e-9);
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...values)) + 1e-9));
  const x = (ns: number): number => LEFT + ((Math.log10(Math.max(ns, 0.1)) - low) / (high - low)) * (WIDTH - LEFT - RIGHT);
  const heights = groups.map(({ bars }) => HEAD + bars.length * (BAR + BAR_GAP) + GROUP_GAP);
  const bottom = TOP + heights.reduce((sum, height) => sum + height, 0);
  const parts: string[] = [];
  for (let power = low; power <= high; power++) {
    const at = round(x(10 ** power));
    parts.push(`<line x1="${at}" y1="${TOP}" x2="${at}" y2="${bottom}" stroke="#d5d8dc"/>`, text(at, bottom + 16, "middle", durationText(10 ** power)));
  }
  let y = TOP;
  groups.forEach(({ label, bars }, group) => {
    parts.push(text(8, y + 16, "start", label, "font-weight='bold'"));
    bars.forEach((bar, i) => {
      const top = y + HEAD + i * (BAR + BAR_GAP);
      const width = Math.max(1, x(bar.ns) - LEFT);
      parts.push(
        text(LEFT - 6, top + BAR - 3, "end", bar.label),
        `<rect x="${LEFT}" y="${top}" width="${round(width)}" height="${BAR}" fill="${COLOURS[Math.min(i, COLOURS.length - 1)]}"/>`,
        text(LEFT + width + 5, top + BAR - 3, "start", durationText(bar.ns)),
      );
    });
    y += heights[group];
  });
  const height = bottom + AXIS;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>`,
    text(8, 22, "start", title, "font-size='15'"),
    ...parts,
    "</svg>",
    "",
  ].join("\n");
}

/** Nanoseconds with a unit, three digits. */
export function durationText(ns: number): string {
  if (ns < 1_000) return `${digits(ns)} ns`;
  if (ns < 1_000_000) return `${digits(ns / 1_000)} us`;
  if (ns < 1_000_000_000) return `${digits(ns / 1_000_000)} ms`;
  return `${digits(ns / 1_000_000_000)} s`;
}

function digits(value: number): string {
  return String(Number(value.toPrecision(3)));
}

function text(x: number, y: number, anchor: string, content: string, attributes: string = ""): string {
  const escaped = content.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  return `<text x="${round(x)}" y="${y}" text-anchor="${anchor}" fill="#1c2833" ${attributes}>${escaped}</text>`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
