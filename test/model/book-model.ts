/**
 * The book as a map and a sort: what order-book.ts and level-book.ts must agree with, in the plainest words. Test only.
 */
export interface ModelOrder {
  readonly id: bigint;
  readonly side: number;
  readonly price: number;
  qty: number;
}

export interface ModelLevel {
  readonly price: number;
  readonly qty: number;
  readonly orders: number;
}

export type ModelOutcome = "applied" | "traded" | "unknown" | "rejected";

function sorted(levels: ModelLevel[], side: number): ModelLevel[] {
  return levels.sort((a, b) => (side === 0 ? b.price - a.price : a.price - b.price));
}

/** One instrument, order by order. Insertion order of the Map is queue order. */
export class OrderModel {
  readonly orders: Map<bigint, ModelOrder> = new Map();
  traded: { price: number; qty: number; aggressor: number } = { price: 0, qty: 0, aggressor: 2 };
  private replacing = -1;

  add(id: bigint, side: number, price: number, qty: number): ModelOutcome {
    if (this.orders.has(id) || !(qty > 0)) return "rejected";
    this.orders.set(id, { id, side, price, qty });
    return "applied";
  }

  execute(id: bigint, qty: number, price?: number): ModelOutcome {
    const order = this.orders.get(id);
    if (order === undefined) return "unknown";
    this.traded = { price: price ?? order.price, qty, aggressor: 1 - order.side };
    this.cancel(id, qty);
    return "traded";
  }

  cancel(id: bigint, qty: number): ModelOutcome {
    const order = this.orders.get(id);
    if (order === undefined) return "unknown";
    order.qty -= qty;
    if (order.qty <= 0) this.orders.delete(id);
    return "applied";
  }

  delete(id: bigint): ModelOutcome {
    return this.orders.delete(id) ? "applied" : "unknown";
  }

  replaceFrom(id: bigint): ModelOutcome {
    const order = this.orders.get(id);
    this.replacing = order === undefined ? -1 : order.side;
    return this.delete(id);
  }

  replaceTo(id: bigint, price: number, qty: number): ModelOutcome {
    const side = this.replacing;
    this.replacing = -1;
    return side < 0 ? "unknown" : this.add(id, side, price, qty);
  }

  clear(): ModelOutcome {
    this.orders.clear();
    this.replacing = -1;
    return "applied";
  }

  levels(side: number): ModelLevel[] {
    const byPrice = new Map<number, { price: number; qty: number; orders: number }>();
    for (const order of this.orders.values()) {
      if (order.side !== side) continue;
      const level = byPrice.get(order.price) ?? { price: order.price, qty: 0, orders: 0 };
      byPrice.set(order.price, { price: order.price, qty: level.qty + order.qty, orders: level.orders + 1 });
    }
    return sorted([...byPrice.values()], side);
  }

  queue(side: number, price: number): { id: bigint; qty: number }[] {
    return [...this.orders.values()].filter((order) => order.side === side && order.price === price).map(({ id, qty }) => ({ id, qty }));
  }
}

/** One instrument by level. */
export class LevelModel {
  private readonly sides: [Map<number, ModelLevel>, Map<number, ModelLevel>] = [new Map(), new Map()];

  set(side: number, price: number, qty: number, orders: number): void {
    if (qty === 0) this.sides[side].delete(price);
    else this.sides[side].set(price, { price, qty, orders });
  }

  clear(): void {
    this.sides[0].clear();
    this.sides[1].clear();
  }

  levels(side: number): ModelLevel[] {
    return sorted([...this.sides[side].values()], side);
  }
}
