/**
 * Every indicator by name: its parameters with their ranges, its outputs, how to make one. Cold.
 *
 * The one list that formulas, the command line and the documentation read. A new indicator is a file, an entry here and a case in
 * bank.ts; test/contract/indicator.ts then demands its laws.
 */
import { StreamError } from "../../kernel/core/errors.ts";
import type { Arena } from "../../kernel/memory/arena.ts";
import { Atr } from "./atr.ts";
import { Bollinger } from "./bollinger.ts";
import { Ema } from "./ema.ts";
import { IN_CLOSE, IN_TYPICAL, MAX_PERIOD, type Indicator, type IndicatorOptions } from "./indicator.ts";
import { Macd } from "./macd.ts";
import { Rsi } from "./rsi.ts";
import { Sma } from "./sma.ts";
import { Vwap } from "./vwap.ts";

export interface IndicatorParameter {
  readonly name: string;
  readonly default: number;
  readonly min: number;
  readonly max: number;
  readonly integer: boolean;
}

export interface IndicatorDefinition {
  readonly name: string;
  /** Other names for it. */
  readonly aliases: readonly string[];
  readonly summary: string;
  readonly parameters: readonly IndicatorParameter[];
  readonly outputs: readonly string[];
  /** The column read unless another is named; -1 when the inputs are fixed. */
  readonly defaultColumn: number;
  /** `params` are checked by checkParameters. */
  readonly create: (arena: Arena, lanes: number, params: readonly number[], options: IndicatorOptions) => Indicator;
}

function period(name: string, byDefault: number, min: number = 1): IndicatorParameter {
  return { name, default: byDefault, min, max: MAX_PERIOD, integer: true };
}

/** All indicators, by name. */
export const INDICATORS: readonly IndicatorDefinition[] = [
  {
    name: "atr",
    aliases: [],
    summary: "average true range (Wilder)",
    parameters: [period("n", 14)],
    outputs: ["atr"],
    defaultColumn: -1,
    create: (arena, lanes, [n], options) => new Atr(arena, lanes, n, options),
  },
  {
    name: "bollinger",
    aliases: ["bbands"],
    summary: "mean and k population deviations around it",
    parameters: [period("n", 20, 2), { name: "k", default: 2, min: 0, max: 100, integer: false }],
    outputs: ["upper", "middle", "lower"],
    defaultColumn: IN_CLOSE,
    create: (arena, lanes, [n, k], options) => new Bollinger(arena, lanes, n, k, options),
  },
  {
    name: "ema",
    aliases: [],
    summary: "exponential moving average",
    parameters: [period("n", 20)],
    outputs: ["ema"],
    defaultColumn: IN_CLOSE,
    create: (arena, lanes, [n], options) => new Ema(arena, lanes, n, options),
  },
  {
    name: "macd",
    aliases: [],
    summary: "difference of two exponential averages, its signal line and histogram",
    parameters: [period("fast", 12), period("slow", 26, 2), period("signal", 9)],
    outputs: ["macd", "signal", "histogram"],
    defaultColumn: IN_CLOSE,
    create: (arena, lanes, [fast, slow, signal], options) => new Macd(arena, lanes, fast, slow, signal, options),
  },
  {
    name: "rsi",
    aliases: [],
    summary: "relative strength index (Wilder)",
    parameters: [period("n", 14)],
    outputs: ["rsi"],
    defaultColumn: IN_CLOSE,
    create: (arena, lanes, [n], options) => new Rsi(arena, lanes, n, options),
  },
  {
    name: "sma",
    aliases: [],
    summary: "simple moving average",
    parameters: [period("n", 20)],
    outputs: ["sma"],
    defaultColumn: IN_CLOSE,
    create: (arena, lanes, [n], options) => new Sma(arena, lanes, n, options),
  },
  {
    name: "vwap",
    aliases: [],
    summary: "volume-weighted average price since the session began",
    parameters: [],
    outputs: ["vwap"],
    defaultColumn: IN_TYPICAL,
    create: (arena, lanes, _params, options) => new Vwap(arena, lanes, options),
  },
];

/** The definition of a name or alias; undefined when there is none. */
export function findIndicator(name: string): IndicatorDefinition | undefined {
  return INDICATORS.find((definition) => definition.name === name || definition.aliases.includes(name));
}

/** The parameters with defaults filled in. VALUE_RANGE, naming the parameter, when one is out of its range or there are too many. */
export function checkParameters(definition: IndicatorDefinition, params: readonly number[]): number[] {
  const { name, parameters } = definition;
  if (params.length > parameters.length) {
    const expected = parameters.length === 0 ? "no parameters" : `at most ${parameters.length} (${parameters.map((p) => p.name).join(", ")})`;
    throw new StreamError("VALUE_RANGE", `${name}: expected ${expected}, got ${params.length}`, { indicator: name, count: params.length });
  }
  const values = parameters.map((parameter, i) => {
    const value = params[i] ?? parameter.default;
    const { min, max, integer } = parameter;
    if (!(value >= min && value <= max) || (integer && !Number.isInteger(value))) {
      const kind = integer ? "a whole number" : "a number";
      throw new StreamError("VALUE_RANGE", `${name}: ${parameter.name} expects ${kind} from ${min} to ${max}, got ${value}`, {
        indicator: name,
        parameter: parameter.name,
        value,
      });
    }
    return value;
  });
  if (name === "macd" && values[0] >= values[1]) {
    throw new StreamError("VALUE_RANGE", `macd: expected fast < slow, got ${values[0]} and ${values[1]}`, { indicator: name });
  }
  return values;
}

/** One indicator over all lanes. INDICATOR names that do not exist are USAGE, parameters VALUE_RANGE. */
export function createIndicator(arena: Arena, lanes: number, name: string, params: readonly number[] = [], options: IndicatorOptions = {}): Indicator {
  const definition = findIndicator(name);
  if (definition === undefined) {
    const names = INDICATORS.map((known) => known.name).join(", ");
    throw new StreamError("USAGE", `expected an indicator of ${names}, got ${JSON.stringify(name)}`, { indicator: name });
  }
  if (options.column !== undefined && options.column !== definition.defaultColumn && definition.defaultColumn < 0) {
    throw new StreamError("USAGE", `${definition.name} reads fixed columns: no input column can be named`, { indicator: name });
  }
  return definition.create(arena, lanes, checkParameters(definition, params), options);
}
