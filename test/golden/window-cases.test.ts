/**
 * The neutral window cases of data/window_cases (facts from the Flink, Kafka Streams and Hazelcast Jet suites) that concern what this
 * operator does: tumbling assignment and tumbling event-time streams with sum or count, lateness, discarding, stream time, snapshots.
 * The rest of the 72 cases is for assigners, triggers and evictors that do not exist here; the last test counts them by reason.
 */
import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { Tumbling } from "../../src/analysis/window/assigner.ts";
import { PANE_END, PANE_START, PANE_TIMING, PANE_VALUES, WindowOperator } from "../../src/analysis/window/window-operator.ts";
import { LATE } from "../../src/kernel/core/status.ts";
import { TIME_END, TIME_UNSET } from "../../src/kernel/core/units.ts";
import { Arena } from "../../src/kernel/memory/arena.ts";
import { TAPE_LENGTH } from "../../src/kernel/record/tape.ts";
import { DUE } from "../../src/market/bar/frames.ts";
import { dataPath, itWithData } from "../data.ts";

const FILE = "window_cases/cases.json";
const TIMINGS = ["early", "onTime", "late"];

interface Definition {
  readonly type: string;
  readonly size: number;
  readonly offset?: number;
}
interface Event {
  readonly ts: number;
  readonly key: string;
  readonly value: number | string;
}
interface Row {
  readonly key: string;
  readonly start: number;
  readonly end: number;
  readonly value: number;
  readonly timing?: string;
}
interface Step {
  readonly event?: Event;
  readonly watermark?: number | "+inf";
  readonly snapshotRestore?: true;
  readonly expect?: readonly Row[];
  readonly expectLate?: readonly Event[];
}
interface Case {
  readonly id: string;
  readonly kind: string;
  readonly assign?: Definition;
  readonly window?: Definition;
  readonly time?: string;
  readonly graceMs?: number;
  readonly allowedLateness?: number;
  readonly trigger?: { readonly type: string; readonly early?: unknown };
  readonly evictor?: unknown;
  readonly mode?: "accumulating" | "discarding" | "retracting";
  readonly aggregate?: string;
  readonly checks?: readonly { readonly ts: number; readonly windows: readonly (readonly [number, number])[] }[];
  readonly steps?: readonly Step[];
}

/** Why a case does not apply, or "" when it does. */
function reasonAgainst(one: Case): string {
  if (one.kind !== "assign" && one.kind !== "stream") return one.kind;
  const definition = (one.assign ?? one.window) as Definition;
  if (definition.type !== "tumbling") return `${definition.type} windows`;
  if (one.kind === "assign") return "";
  if (one.trigger?.type !== "eventTime") return `trigger ${one.trigger?.type}`;
  if (one.trigger.early !== undefined) return "early firing by processing time";
  if (one.evictor !== undefined) return "evictor";
  return "";
}

class Player {
  private readonly one: Case;
  private readonly keys: readonly string[];
  private readonly tape = new Float64Array(TAPE_LENGTH);
  private readonly clock = Float64Array.of(TIME_UNSET);
  private arena: Arena;
  private operator: WindowOperator;
  private sequence = 0;
  private newest: number = TIME_UNSET;
  private results: Row[] = [];
  private late: Event[] = [];

  constructor(one: Case) {
    this.one = one;
    this.keys = [...new Set((one.steps ?? []).flatMap(({ event }) => (event === undefined ? [] : [event.key])))];
    [this.arena, this.operator] = this.create();
  }

  play(): void {
    for (const step of this.one.steps ?? []) {
      if (step.event !== undefined) this.event(step.event);
      if (step.watermark !== undefined) this.watermark(step.watermark === "+inf" ? TIME_END : step.watermark);
      if (step.snapshotRestore) this.restore();
      if (step.expect !== undefined) this.expectRows(step.expect);
      if (step.expectLate !== undefined) {
        expect(this.late).toEqual(step.expectLate);
        this.late = [];
      }
    }
    expect(this.results).toEqual([]);
  }

  private create(): [Arena, WindowOperator] {
    const { window, allowedLateness, mode, aggregate } = this.one;
    const lanes = this.keys.length;
    const arena = Arena.create("case", 1 << 20);
    const scales = { priceScale: new Uint8Array(lanes), qtyScale: new Uint8Array(lanes) };
    const operator = new WindowOperator(
      arena,
      {
        lanes,
        assigner: new Tumbling(window?.size ?? 0, window?.offset ?? 0),
        aggregates: [aggregate === "sum" ? "sum(qty)" : "count"],
        latenessNs: allowedLateness ?? 0,
        mode: mode === "discarding" ? "discarding" : "accumulating",
      },
      scales,
      this.tape,
      this.clock,
    );
    arena.seal();
    return [arena, operator];
  }

  private event(event: Event): void {
    if (this.one.time === "streamTime") {
      this.newest = Math.max(this.newest, event.ts);
      this.clock[0] = this.newest - (this.one.graceMs ?? 0) - 1;
    }
    const lane = this.keys.indexOf(event.key);
    this.tape.set([0, typeof event.value === "number" ? event.value : 1, event.ts, this.sequence++]);
    const status = this.operator.onTrade(lane);
    if (status === LATE) this.late.push(event);
    if (status === DUE) this.drain(lane);
    if (this.one.time === "streamTime") this.fire();
  }

  private watermark(at: number): void {
    this.clock[0] = Math.max(this.clock[0], at);
    this.fire();
  }

  private fire(): void {
    if (!this.operator.isDue()) return;
    this.keys.forEach((_, lane) => this.drain(lane));
    this.operator.settle();
  }

  private drain(lane: number): void {
    while (this.operator.nextDue(lane) >= 0) {
      const pane = this.operator.result;
      this.results.push({ key: this.keys[lane], start: pane[PANE_START], end: pane[PANE_END], value: pane[PANE_VALUES], timing: TIMINGS[pane[PANE_TIMING]] });
    }
  }

  private restore(): void {
    const bytes = this.arena.snapshot();
    [this.arena, this.operator] = this.create();
    this.arena.restore(bytes);
  }

  private expectRows(rows: readonly Row[]): void {
    const byText = (a: unknown, b: unknown): number => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);
    const shown = this.results.map(({ key, start, end, value, timing }) => ({ key, start, end, value, timing }));
    const wanted = rows.map(({ key, start, end, value, timing }, i) => ({ key, start, end, value, timing: timing ?? shown[i]?.timing }));
    expect(shown.toSorted(byText)).toEqual(wanted.toSorted(byText));
    this.results = [];
  }
}

const cases: readonly Case[] = existsSync(dataPath(FILE)) ? (JSON.parse(readFileSync(dataPath(FILE), "utf8")) as { cases: Case[] }).cases : [];
const applicable = cases.filter((one) => reasonAgainst(one) === "");

describe("window cases", () => {
  it.each(applicable.filter(({ kind }) => kind === "assign").map((one) => [one.id, one] as const))("%s", (_, one) => {
    const assigner = new Tumbling(one.assign?.size ?? 0, one.assign?.offset ?? 0);
    const starts = new Float64Array(2);
    for (const { ts, windows } of one.checks ?? []) {
      const count = assigner.assign(Float64Array.of(ts), 0, starts);
      expect(
        [...starts.subarray(0, count)].map((start) => [start, start + assigner.sizeNs]),
        `ts ${ts}`,
      ).toEqual(windows);
    }
  });

  it.each(applicable.filter(({ kind }) => kind === "stream").map((one) => [one.id, one] as const))("%s", (_, one) => {
    new Player(one).play();
  });

  itWithData("covers 8 of the 72 cases: all tumbling ones but for triggers and evictors that do not exist here", [FILE], () => {
    expect(cases).toHaveLength(72);
    expect(applicable.map(({ id }) => id)).toEqual([
      "assign-tumbling-5000",
      "assign-tumbling-5000-off-100",
      "assign-tumbling-7-off0",
      "assign-tumbling-7-off-2",
      "tumbling-ooo-snapshot",
      "tumbling-lateness-discarding",
      "suppress-tumbling-final",
      "assign-tumbling-4-negative",
    ]);
  });
});
