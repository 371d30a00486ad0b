/**
 * One indicator over whole columns: what `inspect indicator` prints. Cold; the same code as on a stream, fed row by row.
 */
import { StreamError } from "../../kernel/core/errors.ts";
import { Arena } from "../../kernel/memory/arena.ts";
import { checkParameters, createIndicator, findIndicator } from "./catalog.ts";
import { COLUMN_NAMES, fillTypical, IN_COLUMNS, MAX_PERIOD, type IndicatorOptions, type Profile } from "./indicator.ts";

const BATCH_BYTES = 64 * 1024 + MAX_PERIOD * 16;

/** Columns by name (open, high, low, close, volume, notional, count, typical), all of one length; NaN where a cell is empty. */
export type IndicatorColumns = Readonly<Record<string, ArrayLike<number>>>;

export interface IndicatorResult {
  readonly name: string;
  readonly params: readonly number[];
  readonly profile: Profile;
  readonly lookback: number;
  /** By output name, one value a row; null before the first. */
  readonly outputs: Readonly<Record<string, readonly (number | null)[]>>;
}

/**
 * Runs an indicator over columns. An absent column counts as empty; one that the indicator needs then leaves all rows null.
 * USAGE: an unknown name or columns of different lengths; VALUE_RANGE: a parameter.
 */
export function runIndicator(name: string, params: readonly number[], columns: IndicatorColumns, options: IndicatorOptions = {}): IndicatorResult {
  const arena = Arena.create(`indicator ${name}`, BATCH_BYTES);
  const indicator = createIndicator(arena, 1, name, params, options);
  arena.seal();
  const inputs = COLUMN_NAMES.map((column) => columns[column]);
  const rows = requireOneLength(columns);
  const outputs = Object.fromEntries(indicator.outputs.map((output) => [output, [] as (number | null)[]]));
  const bar = new Float64Array(IN_COLUMNS);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < IN_COLUMNS; column++) bar[column] = inputs[column]?.[row] ?? NaN;
    if (inputs[IN_COLUMNS - 1] === undefined) fillTypical(bar);
    indicator.update(0, bar);
    indicator.outputs.forEach((output, k) => outputs[output].push(indicator.isReady(0) ? indicator.values[k] : null));
  }
  const definition = findIndicator(name)!;
  return { name: indicator.name, params: checkParameters(definition, params), profile: options.profile ?? "talib", lookback: indicator.lookback, outputs };
}

function requireOneLength(columns: IndicatorColumns): number {
  const names = Object.keys(columns);
  const unknown = names.find((name) => !COLUMN_NAMES.includes(name));
  if (unknown !== undefined) throw new StreamError("USAGE", `expected columns of ${COLUMN_NAMES.join(", ")}, got ${unknown}`, { column: unknown });
  const lengths = names.map((name) => columns[name].length);
  if (lengths.length === 0) throw new StreamError("USAGE", "expected at least one column");
  const odd = lengths.findIndex((length) => length !== lengths[0]);
  if (odd >= 0) {
    throw new StreamError("USAGE", `expected columns of one length: ${names[0]} has ${lengths[0]} rows, ${names[odd]} ${lengths[odd]}`);
  }
  return lengths[0];
}
