// The order book of src/market/book in C++: order rows in a pool with FIFO links, an open-addressing index of tag and row with
// multiplicative hash and backward-shift delete, ladders as sorted runs with the best at the end, tops compared at the end of an event.
// argv[1]: 64-byte book delta records, argv[2]: instruments, argv[3]: most orders, argv[4] if there is one: without queues. The same check sum as bench/book.ts.
#include "rival.hpp"
#include <cmath>

struct Delta { uint32_t word, instrument; double sequence, tsEvent, tsRecv, price, qty; uint32_t low, high, action, count; };
static_assert(sizeof(Delta) == 64, "a record is a cache line");
struct Order { double qty; uint32_t low, high; int32_t level, ahead, behind, instrument; };
struct Level { double price, qty; int32_t ladder, orders, first, last; };
struct Ladder { std::vector<double> keys; std::vector<int32_t> entries; int32_t best = 0; };
struct Entry { uint32_t tag; int32_t row; };
struct Top { double bid = 0, bidQty = 0, ask = 0, askQty = 0; bool touched = false; };

// Queues: false leaves the order of arrival out, as OrderBook does with queues: false.
template <bool Queues> struct Book {
  std::vector<Order> orders; std::vector<Level> levels; std::vector<Ladder> ladders; std::vector<Entry> table; std::vector<Top> tops;
  std::vector<int32_t> replacing;
  int32_t freeOrder = 0, usedOrders = 0, freeLevel = 0, usedLevels = 0;
  uint32_t mask, shift, alive = 0, changes = 0;
  double traded = 0;

  Book(int instruments, int capacity) : orders(capacity + 1), levels(capacity + 1), ladders(instruments * 2), tops(instruments), replacing(instruments) {
    uint32_t bits = 4;
    while ((1u << bits) < (uint32_t)capacity * 2) bits++;
    table.resize(1u << bits);
    mask = (1u << bits) - 1;
    shift = 32 - (bits - 2);
    for (auto& ladder : ladders) { ladder.keys.reserve(16); ladder.entries.reserve(16); }
  }
  static uint32_t tagOf(uint32_t low, uint32_t high) { return low ^ (high * 0x9e3779b1u); }
  uint32_t home(uint32_t tag) const { return (((tag >> 2) * 0x9e3779b1u >> shift) << 2) | (tag & 3); }
  int64_t find(uint32_t low, uint32_t high) const {
    uint32_t tag = tagOf(low, high);
    for (uint32_t b = home(tag);; b = (b + 1) & mask) {
      int32_t row = table[b].row;
      if (row == 0) return -1 - (int64_t)b;
      if (table[b].tag == tag && orders[row].low == low) return b;
    }
  }
  void removeEntry(uint32_t hole) {
    for (uint32_t i = (hole + 1) & mask; table[i].row != 0; i = (i + 1) & mask) {
      if (((i - home(table[i].tag)) & mask) >= ((i - hole) & mask)) { table[hole] = table[i]; hole = i; }
    }
    table[hole] = {0, 0};
  }
  static double keyOf(int ladder, double price) { return (ladder & 1) == 0 ? price : 0 - price; }
  // The level of a price, or -1 - position.
  int32_t findLevel(int l, double price) const {
    const Ladder& ladder = ladders[l];
    double key = keyOf(l, price);
    int length = (int)ladder.keys.size();
    int near = length > 8 ? length - 8 : 0;
    for (int i = length - 1; i >= near; i--) if (ladder.keys[i] <= key) return ladder.keys[i] == key ? ladder.entries[i] : -2 - i;
    int low = 0, high = near;
    while (low < high) { int middle = (low + high) >> 1; if (ladder.keys[middle] < key) low = middle + 1; else high = middle; }
    if (low < near && ladder.keys[low] == key) return ladder.entries[low];
    return -1 - low;
  }
  int32_t insertLevel(int l, int position, double price) {
    Ladder& ladder = ladders[l];
    int32_t level = freeLevel;
    if (level == 0) level = ++usedLevels; else freeLevel = levels[level].first;
    levels[level] = {price, 0, l, 0, 0, 0};
    bool best = position == (int)ladder.keys.size();
    ladder.keys.insert(ladder.keys.begin() + position, keyOf(l, price));
    ladder.entries.insert(ladder.entries.begin() + position, level);
    if (best) ladder.best = level;
    return level;
  }
  void removeLevel(int32_t level) {
    int l = levels[level].ladder;
    Ladder& ladder = ladders[l];
    int last = (int)ladder.keys.size() - 1, position = -1;
    for (int i = last; i >= 0 && i > last - 8; i--) if (ladder.entries[i] == level) { position = i; break; }
    if (position < 0) {
      double key = keyOf(l, levels[level].price);
      int low = 0, high = last >= 8 ? last - 7 : 0;
      while (low < high) { int middle = (low + high) >> 1; if (ladder.keys[middle] < key) low = middle + 1; else high = middle; }
      position = low;
    }
    ladder.keys.erase(ladder.keys.begin() + position);
    ladder.entries.erase(ladder.entries.begin() + position);
    if (position == last) ladder.best = last > 0 ? ladder.entries[last - 1] : 0;
    levels[level].first = freeLevel;
    freeLevel = level;
  }
  bool add(const Delta& d, int side) {
    if (side > 1 || !(d.qty > 0) || d.price - d.price != 0) return false;
    int64_t bucket = find(d.low, d.high);
    if (bucket >= 0) return false;
    int l = (int)d.instrument * 2 + side;
    int32_t level = findLevel(l, d.price);
    if (level < 0) level = insertLevel(l, -1 - level, d.price);
    int32_t row = freeOrder;
    if (row == 0) row = ++usedOrders; else freeOrder = orders[row].behind;
    alive++;
    Level& at = levels[level];
    orders[row] = {d.qty, d.low, d.high, level, at.last, 0, (int32_t)d.instrument};
    table[(uint32_t)(-1 - bucket)] = {tagOf(d.low, d.high), row};
    at.qty += d.qty;
    at.orders++;
    if (Queues) {
      if (at.last == 0) at.first = row; else orders[at.last].behind = row;
      at.last = row;
    }
    if (ladders[l].best == level) tops[d.instrument].touched = true;
    return true;
  }
  void removeOrder(uint32_t bucket, int32_t row) {
    Order& order = orders[row];
    int32_t level = order.level;
    Level& at = levels[level];
    if (ladders[at.ladder].best == level) tops[at.ladder >> 1].touched = true;
    removeEntry(bucket);
    if (--at.orders == 0) removeLevel(level);
    else {
      at.qty -= order.qty;
      if (Queues) {
        if (order.ahead == 0) at.first = order.behind; else orders[order.ahead].behind = order.behind;
        if (order.behind == 0) at.last = order.ahead; else orders[order.behind].ahead = order.ahead;
      }
    }
    order.level = 0;
    order.behind = freeOrder;
    freeOrder = row;
    alive--;
  }
  bool reduce(const Delta& d, bool trades) {
    if (!(d.qty > 0)) return false;
    int64_t bucket = find(d.low, d.high);
    if (bucket < 0) return false;
    int32_t row = table[bucket].row;
    Order& order = orders[row];
    if (trades) traded += d.qty;
    if (order.qty > d.qty) {
      order.qty -= d.qty;
      Level& at = levels[order.level];
      at.qty -= d.qty;
      if (ladders[at.ladder].best == order.level) tops[d.instrument].touched = true;
    } else removeOrder((uint32_t)bucket, row);
    return true;
  }
  bool remove(const Delta& d, bool replaces) {
    if (replaces) replacing[d.instrument] = 0;
    int64_t bucket = find(d.low, d.high);
    if (bucket < 0) return false;
    int32_t row = table[bucket].row;
    int side = levels[orders[row].level].ladder & 1;
    removeOrder((uint32_t)bucket, row);
    if (replaces) replacing[d.instrument] = 1 + side;
    return true;
  }
  void settle(uint32_t instrument) {
    Top& top = tops[instrument];
    if (!top.touched) return;
    top.touched = false;
    const Level& bid = levels[ladders[instrument * 2].best];
    const Level& ask = levels[ladders[instrument * 2 + 1].best];
    if (top.bid == bid.price && top.bidQty == bid.qty && top.ask == ask.price && top.askQty == ask.qty) return;
    top.bid = bid.price; top.bidQty = bid.qty; top.ask = ask.price; top.askQty = ask.qty;
    changes++;
  }
  void apply(const Delta& d) {
    bool applied = false;
    switch (d.action & 0xff) {
      case 1: applied = add(d, (d.action >> 8) & 0xff); break;
      case 2: case 3: applied = reduce(d, true); break;
      case 4: applied = reduce(d, false); break;
      case 5: applied = remove(d, false); break;
      case 6: applied = remove(d, true); break;
      case 7: {
        int side = replacing[d.instrument] - 1;
        replacing[d.instrument] = 0;
        applied = side >= 0 && add(d, side);
        break;
      }
    }
    if (applied && ((d.word >> 16) & 1)) settle(d.instrument);
  }
  uint32_t hash() const {
    uint32_t h = mixWord(mixWord(mixWord(0, changes), alive), (uint32_t)(uint64_t)traded);
    for (const Top& top : tops) for (double value : {top.bid, top.bidQty, top.ask, top.askQty}) h = mixWord(h, (uint32_t)value);
    for (const Ladder& ladder : ladders) {
      for (size_t rank = ladder.entries.size(); rank > 0; rank--) {
        const Level& level = levels[ladder.entries[rank - 1]];
        h = mixWord(mixWord(mixWord(h, (uint32_t)level.price), (uint32_t)level.qty), (uint32_t)level.orders);
      }
    }
    return h;
  }
};

template <bool Queues> void rounds(const Delta* records, size_t count, int instruments, int orders) {
  serve([&](int64_t, int64_t) {
    Book<Queues> book(instruments, orders);
    int64_t start = nowNs();
    for (size_t i = 0; i < count; i++) book.apply(records[i]);
    answer(nowNs() - start, (int64_t)count, book.hash());
  });
}

int main(int argc, char** argv) {
  std::vector<uint8_t> bytes = readFile(argv[1]);
  const Delta* records = (const Delta*)bytes.data();
  size_t count = bytes.size() / sizeof(Delta);
  if (argc > 4) rounds<false>(records, count, atoi(argv[2]), atoi(argv[3]));
  else rounds<true>(records, count, atoi(argv[2]), atoi(argv[3]));
}
