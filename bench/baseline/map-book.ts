/**
 * The order book that one writes first: a Map of order objects, and for each side an array of level objects sorted by price with the
 * best at the end. What the same work costs in idiomatic JavaScript.
 */

/** One change, as a user would hand it over. */
export interface Change {
  readonly action: number;
  readonly isLast: boolean;
  readonly instrument: number;
  readonly side: number;
  readonly id: number;
  readonly price: number;
  readonly qty: number;
}

interface Level {
  readonly price: number;
  qty: number;
  readonly orders: Set<Order>;
}

interface Order {
  readonly id: number;
  qty: number;
  readonly side: number;
  readonly instrument: number;
  readonly level: Level;
}

interface Side {
  readonly sign: number;
  readonly levels: Level[];
}

interface Top {
  bid: number;
  bidQty: number;
  ask: number;
  askQty: number;
}

export class MapBook {
  changes = 0;
  traded = 0;
  readonly orders: Map<number, Order> = new Map();
  readonly sides: Side[][];
  readonly tops: Top[];
  private readonly replacing: Map<number, number> = new Map();

  constructor(instruments: number) {
    this.sides = Array.from({ length: instruments }, () => [
      { sign: 1, levels: [] },
      { sign: -1, levels: [] },
    ]);
    this.tops = Array.from({ length: instruments }, () => ({ bid: 0, bidQty: 0, ask: 0, askQty: 0 }));
  }

  apply(change: Change): void {
    if (this.change(change) && change.isLast) this.settle(change.instrument);
  }

  private change(change: Change): boolean {
    switch (change.action) {
      case 1:
        return this.add(change, change.side);
      case 2:
      case 3:
        return this.reduce(change, true);
      case 4:
        return this.reduce(change, false);
      case 5:
        return this.remove(change.id) !== undefined;
      case 6: {
        const old = this.remove(change.id);
        if (old !== undefined) this.replacing.set(change.instrument, old.side);
        return old !== undefined;
      }
      case 7: {
        const side = this.replacing.get(change.instrument);
        this.replacing.delete(change.instrument);
        return side !== undefined && this.add(change, side);
      }
      default:
        return false;
    }
  }

  private add({ id, instrument, price, qty }: Change, side: number): boolean {
    if (this.orders.has(id)) return false;
    const { sign, levels } = this.sides[instrument][side];
    let low = 0;
    let high = levels.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (levels[middle].price * sign < price * sign) low = middle + 1;
      else high = middle;
    }
    let level = levels[low];
    if (level === undefined || level.price !== price) {
      level = { price, qty: 0, orders: new Set() };
      levels.splice(low, 0, level);
    }
    const order: Order = { id, qty, side, instrument, level };
    level.qty += qty;
    level.orders.add(order);
    this.orders.set(id, order);
    return true;
  }

  private reduce({ id, qty }: Change, trades: boolean): boolean {
    const order = this.orders.get(id);
    if (order === undefined) return false;
    if (trades) this.traded += qty;
    if (order.qty > qty) {
      order.qty -= qty;
      order.level.qty -= qty;
    } else this.remove(id);
    return true;
  }

  private remove(id: number): Order | undefined {
    const order = this.orders.get(id);
    if (order === undefined) return undefined;
    const { level } = order;
    this.orders.delete(id);
    level.orders.delete(order);
    level.qty -= order.qty;
    if (level.orders.size === 0) {
      const { levels } = this.sides[order.instrument][order.side];
      levels.splice(levels.lastIndexOf(level), 1);
    }
    return order;
  }

  private settle(instrument: number): void {
    const [bids, asks] = this.sides[instrument];
    const bid = bids.levels.at(-1);
    const ask = asks.levels.at(-1);
    const now: Top = { bid: bid?.price ?? 0, bidQty: bid?.qty ?? 0, ask: ask?.price ?? 0, askQty: ask?.qty ?? 0 };
    const top = this.tops[instrument];
    if (top.bid === now.bid && top.bidQty === now.bidQty && top.ask === now.ask && top.askQty === now.askQty) return;
    this.tops[instrument] = now;
    this.changes++;
  }
}
