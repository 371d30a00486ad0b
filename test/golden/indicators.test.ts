/**
 * Indicators against values that others computed: Tulip's test vectors (Achelis' examples and regression outputs) and the reference
 * columns of Lean's SPY files (thinkorswim, TA-Lib, TradingView). Vectors are aligned at the last row, because outputs are shorter
 * than inputs by the lookback; so the lookback is checked with them.
 */
import { readFileSync } from "node:fs";
import { describe, expect } from "vitest";
import { runIndicator, type IndicatorColumns } from "../../src/analysis/indicator/batch.ts";
import type { Profile } from "../../src/analysis/indicator/indicator.ts";
import { dataPath, itWithData } from "../data.ts";

interface TulipCase {
  readonly name: string;
  readonly options: readonly string[];
  readonly arrays: readonly (readonly number[])[];
}

const TULIP = "indicators_tulip/vectors.json";

/** Tulip's name: ours, the input columns in Tulip's order, our outputs in Tulip's order. */
const TULIP_NAMES: Record<string, { name: string; inputs: string[]; outputs: string[] }> = {
  sma: { name: "sma", inputs: ["close"], outputs: ["sma"] },
  ema: { name: "ema", inputs: ["close"], outputs: ["ema"] },
  rsi: { name: "rsi", inputs: ["close"], outputs: ["rsi"] },
  macd: { name: "macd", inputs: ["close"], outputs: ["macd", "signal", "histogram"] },
  bbands: { name: "bollinger", inputs: ["close"], outputs: ["lower", "middle", "upper"] },
  atr: { name: "atr", inputs: ["high", "low", "close"], outputs: ["atr"] },
};

describe("Tulip's vectors, profile tulip", () => {
  for (const [tulip, ours] of Object.entries(TULIP_NAMES)) {
    itWithData(`${tulip}: every vector within 0.001 x max(1, |x|)`, [TULIP], () => {
      const files = JSON.parse(readFileSync(dataPath(TULIP), "utf8")) as Record<string, TulipCase[]>;
      const cases = Object.values(files)
        .flat()
        .filter((vector) => vector.name === tulip);
      expect(cases.length).toBe(2);
      for (const vector of cases) {
        const columns = Object.fromEntries(ours.inputs.map((column, i) => [column, vector.arrays[i]]));
        const result = runIndicator(ours.name, vector.options.map(Number), columns, { profile: "tulip" });
        ours.outputs.forEach((output, i) => {
          const expected = vector.arrays[ours.inputs.length + i];
          const got = result.outputs[output].filter((value) => value !== null);
          expect(got.length, `${tulip} ${vector.options.join(" ")}: values of ${output}`).toBe(expected.length);
          expected.forEach((value, row) => expect(Math.abs(got[row] - value), `${output}[${row}]`).toBeLessThanOrEqual(0.001 * Math.max(1, Math.abs(value))));
        });
      }
    });
  }
});

interface LeanColumn {
  readonly file: string;
  readonly column: string;
  readonly name: string;
  readonly params: readonly number[];
  readonly output: string;
  readonly profile?: Profile;
  /** Rows of the column that hold a value and are compared. */
  readonly rows: number;
  /** First row compared, when earlier ones follow another seed. */
  readonly from?: number;
  /** Smallest magnitude that the relative error is taken of. */
  readonly floor?: number;
}

const INDICATORS_FILE = "spy_with_indicators.txt";
const MACD_FILE = "spy_with_macd.txt";
const RMA_FILE = "spy_with_rma.csv";
const BANDS_FILE = "spy_bollinger_bands.txt";

const LEAN: readonly LeanColumn[] = [
  { file: INDICATORS_FILE, column: "SMA14", name: "sma", params: [14], output: "sma", rows: 487 },
  { file: INDICATORS_FILE, column: "EMA14", name: "ema", params: [14], output: "ema", rows: 487 },
  { file: INDICATORS_FILE, column: "RSI 14 Wilder", name: "rsi", params: [14], output: "rsi", rows: 486 },
  // Its fast average is seeded by the first 12 closes, ours by the 12 before the slow one's seed: the difference has decayed by row 56.
  { file: INDICATORS_FILE, column: "MACD 12 26", name: "macd", params: [12, 26, 9], output: "macd", rows: 444, from: 56 },
  { file: "spy_ema.csv", column: "EMA14", name: "ema", params: [14], output: "ema", rows: 351 },
  { file: MACD_FILE, column: "MACD", name: "macd", params: [12, 26, 9], output: "macd", rows: 183 },
  { file: MACD_FILE, column: "Signal", name: "macd", params: [12, 26, 9], output: "signal", rows: 183 },
  // A difference of two printed columns: its error is theirs, whatever is left of it.
  { file: MACD_FILE, column: "Histogram", name: "macd", params: [12, 26, 9], output: "histogram", rows: 183, floor: 1 },
  // The headings of this file's 5 and 15 are exchanged: its SMA5 is the mean of 15.
  { file: RMA_FILE, column: "SMA15", name: "sma", params: [5], output: "sma", rows: 1022 },
  { file: RMA_FILE, column: "SMA10", name: "sma", params: [10], output: "sma", rows: 1017 },
  { file: RMA_FILE, column: "SMA5", name: "sma", params: [15], output: "sma", rows: 1012 },
  // Takes high - low as the first true range, as Tulip does.
  { file: "spy_atr_wilder.txt", column: "Average True Range 14", name: "atr", params: [14], output: "atr", profile: "tulip", rows: 488 },
  { file: BANDS_FILE, column: "Moving Average 20", name: "bollinger", params: [20, 2], output: "middle", rows: 481 },
  { file: BANDS_FILE, column: "Bollinger Bands® 20 2 Top", name: "bollinger", params: [20, 2], output: "upper", rows: 481 },
  { file: BANDS_FILE, column: "Bollinger Bands® 20 2 Bottom", name: "bollinger", params: [20, 2], output: "lower", rows: 481 },
];

function readTable(file: string): Record<string, Float64Array> {
  const [head, ...lines] = readFileSync(dataPath(file), "utf8")
    .split(/\r?\n/)
    .filter((line) => line.trim() !== "");
  const cells = lines.map((line) => line.split(","));
  const names = head.split(",").map((name) => name.trim());
  return Object.fromEntries(names.map((name, i) => [name, Float64Array.from(cells, (row) => (row[i]?.trim() ? Number(row[i]) : NaN))]));
}

describe("Lean's SPY columns", () => {
  for (const lean of LEAN) {
    const file = `indicators_lean_spy/${lean.file}`;
    itWithData(`${lean.file} ${lean.column}: within 1e-3 relative`, [file], () => {
      const table = readTable(file);
      const columns: IndicatorColumns = Object.fromEntries(
        ["open", "high", "low", "close"].flatMap((name) => {
          const key = Object.keys(table).find((column) => column.toLowerCase() === name);
          return key === undefined ? [] : [[name, table[key]]];
        }),
      );
      const options = lean.profile === undefined ? {} : { profile: lean.profile };
      const got = runIndicator(lean.name, lean.params, columns, options).outputs[lean.output];
      let compared = 0;
      table[lean.column].forEach((value, row) => {
        const mine = got[row];
        if (Number.isNaN(value) || mine === null || row < (lean.from ?? 0)) return;
        compared++;
        const error = Math.abs(mine - value) / Math.max(Math.abs(value), lean.floor ?? 0);
        if (!(error <= 1e-3)) expect.fail(`row ${row}: got ${mine}, expected ${value}`);
      });
      expect(compared).toBe(lean.rows);
    });
  }
});
