/**
 * Memory and processor time of this process, for whoever watches it: read from the host, told as two numbers.
 */
import type { Clock } from "../kernel/core/clock.ts";

/** What is asked of the host; `process` has it. */
export interface UsageHost {
  memoryUsage(): { readonly rss: number };
  /** User and system time so far, in microseconds. */
  cpuUsage(): { readonly user: number; readonly system: number };
}

export interface Usage {
  /** Resident set, bytes. */
  readonly memoryBytes: number;
  /** Processor time since the last look, in per cent of one core: 250 is two and a half. null at the first look. */
  readonly cpuPercent: number | null;
}

export class ProcessUsage {
  private readonly clock: Clock;
  private readonly host: UsageHost;
  private lastNs: number | null = null;
  private lastMicros = 0;

  constructor(clock: Clock, host: UsageHost = process) {
    this.clock = clock;
    this.host = host;
  }

  metrics(): Usage {
    const now = this.clock.now();
    const { user, system } = this.host.cpuUsage();
    const micros = user + system;
    const spentNs = this.lastNs === null ? 0 : now - this.lastNs;
    const cpuPercent = spentNs > 0 ? ((micros - this.lastMicros) * 1e5) / spentNs : null;
    this.lastNs = now;
    this.lastMicros = micros;
    return { memoryBytes: this.host.memoryUsage().rss, cpuPercent };
  }
}
