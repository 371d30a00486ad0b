/**
 * What the main thread, the supervisor and the shards' threads say to each other. Plain data and shared memory.
 * A thread's mailbox is opened when its control word has moved; the main thread's when the events word has.
 */
import type { MessagePort } from "node:worker_threads";
import type { IdleName } from "../../kernel/ring/idle.ts";
import type { SeatData, SeatOrder } from "./shard-seat.ts";

/** What a shards' thread is given at its start. */
export interface ShardThreadData {
  readonly thread: number;
  readonly words: SharedArrayBuffer;
  readonly batch: number;
  readonly idle: IdleName;
  readonly orders: readonly SeatOrder[];
  /** For an entry module of the caller's own. */
  readonly extra: unknown;
}

/** Supervisor to thread. */
export type ThreadOrder =
  | { readonly kind: "take"; readonly order: SeatOrder }
  /** Finish what is being taken, and let the shard go. */
  | { readonly kind: "give"; readonly shard: number }
  | { readonly kind: "stop" };

/** Thread to supervisor. */
export type ThreadReport =
  | { readonly kind: "running" }
  | { readonly kind: "given"; readonly shard: number }
  | { readonly kind: "recovered"; readonly shard: number; readonly repeated: number }
  | { readonly kind: "stopped"; readonly gcEvents: number };

/** Main thread to supervisor. */
export type SupervisorCommand =
  | { readonly kind: "add"; readonly id: number }
  | { readonly kind: "remove"; readonly id: number; readonly thread: number }
  /** Ends a thread at once, as if it had died. */
  | { readonly kind: "terminate"; readonly thread: number }
  /** Everything is out: every thread ends in good order. */
  | { readonly kind: "stop" };

/** Why a death ends the run. */
export type Verdict = "unprotected" | "again at the same record" | "too many restarts" | "supervisor";

/** Supervisor to main thread. */
export type SupervisorEvent =
  | { readonly kind: "died"; readonly thread: number; readonly shards: readonly number[]; readonly cause: string }
  | { readonly kind: "recovered"; readonly shard: number; readonly ns: number; readonly repeated: number }
  | {
      readonly kind: "failed";
      readonly verdict: Verdict;
      /** -1 when it is not known which of the thread's shards it was. */
      readonly shard: number;
      /** Cursor of the record in its input ring, where it is known. */
      readonly cursor: number | null;
      readonly restarts: number;
      readonly why: string;
      /** Where it was thrown, if it was. */
      readonly stack: string | null;
    }
  | { readonly kind: "moved"; readonly shard: number; readonly from: number; readonly to: number }
  | { readonly kind: "done"; readonly id: number; readonly thread: number; readonly shards: readonly number[]; readonly refusal: string | null }
  | { readonly kind: "stopped"; readonly gcEvents: number };

/** How shards are watched and placed: not part of what decides outputs. */
export interface SupervisionPlan {
  /** Threads at the start. */
  readonly threads: number;
  /** Move shards from the busiest thread to the idlest when the imbalance lasts. */
  readonly rebalance: boolean;
  /** How long a thread may stand still with input waiting. */
  readonly stallNs: number;
  /** Restarts of a shard within a minute; 0 for shards without images. */
  readonly restartsMax: number;
  /** Old generation of each shards' thread in MB, or null for Node's own limit. */
  readonly heapMb: number | null;
}

/** What the supervisor's thread is given. */
export interface SupervisorData {
  readonly words: SharedArrayBuffer;
  readonly seats: readonly SeatData[];
  readonly batch: number;
  readonly idle: IdleName;
  readonly anchorNs: number;
  readonly plan: SupervisionPlan;
  /** Entry module of the shards' threads. */
  readonly entry: string;
  readonly extra: unknown;
  /** The way to the main thread, which can open its end without turning its event loop. */
  readonly port: MessagePort;
}
