/** The VALUES records that follow a signal or a pane. @hot */
import { FLAG_LAST } from "../../kernel/record/flags.ts";
import { TYPE_VALUES } from "../../kernel/record/header.ts";
import { VALUES_FIRST_F64, VALUES_PER_RECORD } from "../../kernel/record/values.ts";
import type { Emitter } from "./emitter.ts";

/** Emits values[from, from + count) four to a record, the last with FLAG_LAST; nothing for none. */
export function emitValues(emitter: Emitter, lane: number, flags: number, values: Float64Array, from: number, count: number): void {
  for (let done = 0; done < count; done += VALUES_PER_RECORD) {
    const rest = count - done;
    const slot = emitter.next(TYPE_VALUES, rest <= VALUES_PER_RECORD ? flags | FLAG_LAST : flags, lane);
    const taken = rest < VALUES_PER_RECORD ? rest : VALUES_PER_RECORD;
    const f64 = emitter.slots.f64;
    for (let i = 0; i < taken; i++) f64[(slot << 3) + VALUES_FIRST_F64 + i] = values[from + done + i];
  }
}
