/** One bar interval of the plan: trades in; bars out as records; each closed bar through the rules of its interval. @hot */
import { IN_CLOSE, IN_COLUMNS, IN_COUNT, IN_HIGH, IN_LOW, IN_NOTIONAL, IN_OPEN, IN_VOLUME, fillTypical } from "../../analysis/indicator/indicator.ts";
import { POW10 } from "../../kernel/core/fixed.ts";
import type { InstrumentRegistry } from "../../kernel/instrument/registry.ts";
import type { Arena } from "../../kernel/memory/arena.ts";
import {
  BAR_CLOSE_F64,
  BAR_HIGH_F64,
  BAR_LOW_F64,
  BAR_OPEN_F64,
  TAIL_BUY_VOLUME_F64,
  TAIL_COUNT_U32,
  TAIL_INTERVAL_U16,
  TAIL_NOTIONAL_F64,
  TAIL_VERSION_U16,
  TAIL_VOLUME_F64,
} from "../../kernel/record/bar.ts";
import { FLAG_LAST } from "../../kernel/record/flags.ts";
import { HEADER_TS_EVENT_F64, TYPE_BAR, TYPE_BAR_TAIL } from "../../kernel/record/header.ts";
import {
  BAR_BUY_VOLUME,
  BAR_CLOSE,
  BAR_COUNT,
  BAR_END,
  BAR_HIGH,
  BAR_LOW,
  BAR_NOTIONAL,
  BAR_OPEN,
  BAR_START,
  BAR_VERSION,
  BAR_VOLUME,
  BarBuilder,
} from "../../market/bar/bar-builder.ts";
import type { Emitter } from "./emitter.ts";
import type { LaneQuality } from "./lane-quality.ts";
import type { PipelinePlan } from "./plan.ts";
import type { RuleStage } from "./rule-stage.ts";

export interface BarStagePorts {
  readonly emitter: Emitter;
  readonly quality: LaneQuality;
  readonly registry: InstrumentRegistry;
  readonly tape: Float64Array;
  readonly clock: Float64Array;
  /** The rules of this interval, or null when it has none. */
  readonly rules: RuleStage | null;
}

export class BarStage {
  private readonly builder: BarBuilder;
  private readonly emitter: Emitter;
  private readonly quality: LaneQuality;
  private readonly registry: InstrumentRegistry;
  private readonly rules: RuleStage | null;
  private readonly index: number;
  private readonly row: Float64Array = new Float64Array(IN_COLUMNS);

  constructor(arena: Arena, index: number, plan: PipelinePlan, ports: BarStagePorts) {
    this.index = index;
    this.emitter = ports.emitter;
    this.quality = ports.quality;
    this.registry = ports.registry;
    this.rules = ports.rules;
    const options = { lanes: plan.limits.instruments, intervalNs: plan.bars[index].everyNs, name: `bars.${index}` };
    this.builder = new BarBuilder(arena, options, ports.tape, ports.clock);
  }

  /** Trades that came too late for any bar. */
  get late(): number {
    return this.builder.lateTrades;
  }

  /** Takes the trade on the tape. */
  onTrade(lane: number, aggressor: number): void {
    if (this.builder.onTrade(lane, aggressor) > 0) this.drain(lane);
  }

  isDue(): boolean {
    return this.builder.isDue();
  }

  /** Emits every due bar of the lane, each before the signals that it makes. */
  drain(lane: number): void {
    while (this.builder.nextDue(lane) >= 0) {
      this.emit(lane);
      if (this.rules !== null && this.builder.result[BAR_VERSION] === 0) this.rules.onBar(lane, this.realBar(lane), this.builder.result);
    }
  }

  settle(): void {
    this.builder.settle();
  }

  private emit(lane: number): void {
    const bar = this.builder.result;
    const emitter = this.emitter;
    const slots = emitter.slots;
    const flags = this.quality.flags(lane);
    const head = emitter.next(TYPE_BAR, flags, lane);
    const f64 = slots.f64;
    f64[(head << 3) + HEADER_TS_EVENT_F64] = bar[BAR_START];
    f64[(head << 3) + BAR_OPEN_F64] = bar[BAR_OPEN];
    f64[(head << 3) + BAR_HIGH_F64] = bar[BAR_HIGH];
    f64[(head << 3) + BAR_LOW_F64] = bar[BAR_LOW];
    f64[(head << 3) + BAR_CLOSE_F64] = bar[BAR_CLOSE];
    const tail = emitter.next(TYPE_BAR_TAIL, flags | FLAG_LAST, lane);
    f64[(tail << 3) + HEADER_TS_EVENT_F64] = bar[BAR_END];
    f64[(tail << 3) + TAIL_VOLUME_F64] = bar[BAR_VOLUME];
    f64[(tail << 3) + TAIL_NOTIONAL_F64] = bar[BAR_NOTIONAL];
    f64[(tail << 3) + TAIL_BUY_VOLUME_F64] = bar[BAR_BUY_VOLUME];
    slots.u32[(tail << 4) + TAIL_COUNT_U32] = bar[BAR_COUNT];
    slots.u16[(tail << 5) + TAIL_VERSION_U16] = bar[BAR_VERSION];
    slots.u16[(tail << 5) + TAIL_INTERVAL_U16] = this.index;
  }

  /** The bar in the instrument's units, for formulas. */
  private realBar(lane: number): Float64Array {
    const bar = this.builder.result;
    const row = this.row;
    const priceUnit = POW10[this.registry.priceScale[lane]];
    const qtyUnit = POW10[this.registry.qtyScale[lane]];
    row[IN_OPEN] = bar[BAR_OPEN] / priceUnit;
    row[IN_HIGH] = bar[BAR_HIGH] / priceUnit;
    row[IN_LOW] = bar[BAR_LOW] / priceUnit;
    row[IN_CLOSE] = bar[BAR_CLOSE] / priceUnit;
    row[IN_VOLUME] = bar[BAR_VOLUME] / qtyUnit;
    row[IN_NOTIONAL] = bar[BAR_NOTIONAL] / (priceUnit * qtyUnit);
    row[IN_COUNT] = bar[BAR_COUNT];
    fillTypical(row);
    return row;
  }
}
