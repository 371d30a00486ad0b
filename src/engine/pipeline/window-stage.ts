/** One window of the plan: trades in, panes out as records. @hot */
import { Tumbling } from "../../analysis/window/assigner.ts";
import {
  PANE_COUNT,
  PANE_END,
  PANE_PRESENT,
  PANE_START,
  PANE_TIMING,
  PANE_VALUES,
  PANE_VERSION,
  WindowOperator,
  type LaneScales,
} from "../../analysis/window/window-operator.ts";
import type { Arena } from "../../kernel/memory/arena.ts";
import { HEADER_TS_EVENT_F64, TYPE_PANE } from "../../kernel/record/header.ts";
import {
  PANE_COUNT_U32,
  PANE_EMIT_INDEX_U32,
  PANE_END_F64,
  PANE_PRESENT_U16,
  PANE_START_F64,
  PANE_TIMING_U8,
  PANE_VALUES_U8,
  PANE_VERSION_U16,
  PANE_WINDOW_U16,
} from "../../kernel/record/pane.ts";
import type { Emitter } from "./emitter.ts";
import type { LaneQuality } from "./lane-quality.ts";
import type { WindowPlan } from "./plan.ts";
import { emitValues } from "./values-chain.ts";

export interface WindowStagePorts {
  readonly emitter: Emitter;
  readonly quality: LaneQuality;
  readonly scales: LaneScales;
  readonly tape: Float64Array;
  readonly clock: Float64Array;
}

export class WindowStage {
  private readonly operator: WindowOperator;
  private readonly emitter: Emitter;
  private readonly quality: LaneQuality;
  private readonly index: number;

  constructor(arena: Arena, lanes: number, index: number, plan: WindowPlan, ports: WindowStagePorts) {
    this.index = index;
    this.emitter = ports.emitter;
    this.quality = ports.quality;
    this.operator = new WindowOperator(
      arena,
      {
        lanes,
        assigner: new Tumbling(plan.sizeNs),
        aggregates: plan.values.map((value) => value.aggregate),
        latenessNs: plan.latenessNs,
        name: `window.${plan.name}`,
      },
      ports.scales,
      ports.tape,
      ports.clock,
    );
  }

  /** Trades that came too late for any window. */
  get late(): number {
    return this.operator.lateTrades;
  }

  /** Takes the trade on the tape. */
  onTrade(lane: number): void {
    if (this.operator.onTrade(lane) > 0) this.drain(lane);
  }

  isDue(): boolean {
    return this.operator.isDue();
  }

  /** Emits every due pane of the lane. */
  drain(lane: number): void {
    while (this.operator.nextDue(lane) >= 0) this.emit(lane);
  }

  settle(): void {
    this.operator.settle();
  }

  private emit(lane: number): void {
    const { operator, emitter } = this;
    const result = operator.result;
    const flags = this.quality.flags(lane);
    const slot = emitter.next(TYPE_PANE, flags, lane);
    const slots = emitter.slots;
    const f64 = slots.f64;
    const at = slot << 3;
    f64[at + HEADER_TS_EVENT_F64] = result[PANE_END] - 1;
    f64[at + PANE_START_F64] = result[PANE_START];
    f64[at + PANE_END_F64] = result[PANE_END];
    slots.u16[(slot << 5) + PANE_WINDOW_U16] = this.index;
    slots.u16[(slot << 5) + PANE_PRESENT_U16] = result[PANE_PRESENT];
    slots.u8[(slot << 6) + PANE_TIMING_U8] = result[PANE_TIMING];
    slots.u8[(slot << 6) + PANE_VALUES_U8] = operator.values;
    slots.u16[(slot << 5) + PANE_VERSION_U16] = result[PANE_VERSION];
    slots.u32[(slot << 4) + PANE_COUNT_U32] = result[PANE_COUNT];
    slots.u32[(slot << 4) + PANE_EMIT_INDEX_U32] = emitter.takeIndex(lane);
    emitValues(emitter, lane, flags, result, PANE_VALUES, operator.values);
  }
}
