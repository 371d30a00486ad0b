/**
 * Indicators recomputed from their whole input, with no state: the oracle of the incremental ones.
 * Written from the definitions (spec C16), not from the implementation.
 */
export type Row = readonly number[];

const OPEN_TO_TYPICAL = 7;

/** The outputs after the last of `rows` (rows of IN_COLUMNS doubles), null before there are any. Rows without a finite input are left out. */
export function indicatorModel(name: string, params: readonly number[], profile: "talib" | "tulip", column: number, rows: readonly Row[]): number[] | null {
  if (name === "atr")
    return atrModel(
      params[0],
      profile,
      rows.filter((row) => [row[1], row[2], row[3]].every(Number.isFinite)),
    );
  if (name === "vwap") return vwapModel(column, rows);
  const series = rows.map((row) => row[column]).filter(Number.isFinite);
  if (name === "sma") return series.length < params[0] ? null : [mean(series.slice(-params[0]))];
  if (name === "bollinger") return bollingerModel(params[0], params[1], series);
  if (name === "rsi") return rsiModel(params[0], series);
  const seed = profile === "tulip" ? 1 : params[0];
  if (name === "ema") return last(emaSeries(series, params[0], seed));
  if (name === "macd") return macdModel(params, profile, series);
  throw new Error(`no model of ${name}`);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function last(values: readonly number[]): number[] | null {
  return values.length === 0 ? null : [values[values.length - 1]];
}

/** EMA values from index seed - 1 on: the mean of the first `seed` values, then the recursion. */
function emaSeries(series: readonly number[], n: number, seed: number, alpha: number = 2 / (n + 1)): number[] {
  if (series.length < seed) return [];
  const out = [mean(series.slice(0, seed))];
  for (const value of series.slice(seed)) out.push(alpha * value + (1 - alpha) * out[out.length - 1]);
  return out;
}

function bollingerModel(n: number, k: number, series: readonly number[]): number[] | null {
  if (series.length < n) return null;
  const window = series.slice(-n);
  const middle = mean(window);
  const deviation = Math.sqrt(mean(window.map((value) => (value - middle) ** 2)));
  return [middle + k * deviation, middle, middle - k * deviation];
}

function rsiModel(n: number, series: readonly number[]): number[] | null {
  if (series.length < n + 1) return null;
  const changes = series.slice(1).map((value, i) => value - series[i]);
  const gain = emaSeries(
    changes.map((change) => Math.max(change, 0)),
    n,
    n,
    1 / n,
  ).at(-1)!;
  const loss = emaSeries(
    changes.map((change) => Math.max(-change, 0)),
    n,
    n,
    1 / n,
  ).at(-1)!;
  return [gain + loss === 0 ? 50 : (100 * gain) / (gain + loss)];
}

function macdModel(params: readonly number[], profile: "talib" | "tulip", series: readonly number[]): number[] | null {
  const [fast, slow, signal] = params;
  const tulip = profile === "tulip";
  const appel = tulip && fast === 12 && slow === 26;
  const aligned = tulip ? series : series.slice(slow - fast);
  const fastLine = emaSeries(aligned, fast, tulip ? 1 : fast, appel ? 0.15 : 2 / (fast + 1));
  const slowLine = emaSeries(series, slow, tulip ? 1 : slow, appel ? 0.075 : 2 / (slow + 1));
  const count = Math.max(0, series.length - slow + 1);
  const lines = Array.from({ length: count }, (_, i) => fastLine[fastLine.length - count + i] - slowLine[slowLine.length - count + i]);
  const signalLine = emaSeries(lines, signal, tulip ? 1 : signal);
  if (signalLine.length === 0) return null;
  const macd = lines[lines.length - 1];
  const line = signalLine[signalLine.length - 1];
  return [macd, line, macd - line];
}

function atrModel(n: number, profile: "talib" | "tulip", rows: readonly Row[]): number[] | null {
  const ranges = rows.map(([, high, low], i) => {
    const previous = i === 0 ? null : rows[i - 1][3];
    return previous === null ? high - low : Math.max(high - low, Math.abs(high - previous), Math.abs(low - previous));
  });
  return last(emaSeries(profile === "talib" ? ranges.slice(1) : ranges, n, n, 1 / n));
}

function vwapModel(column: number, rows: readonly Row[]): number[] | null {
  let notional = 0;
  let volume = 0;
  for (const row of rows) {
    const price = column === OPEN_TO_TYPICAL ? (row[1] + row[2] + row[3]) / 3 : row[column];
    if (!(row[4] > 0) || !Number.isFinite(price)) continue;
    notional += column === 5 ? price : price * row[4];
    volume += row[4];
  }
  return volume > 0 ? [notional / volume] : null;
}
