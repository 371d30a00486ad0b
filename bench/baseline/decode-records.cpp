// ITCH 5.0 to 64-byte records, the work of Tercel's feed: length prefix checked against the type, locate and symbol checked, counts by
// type and by instrument, every word of the record written to a staging slot that is then read by a consumer which sums the fields of
// bench/decode.ts. argv[1]: the file. The consumer sees the record through memory, as one behind an interface would.
#include "rival.hpp"
#include <cmath>

static uint16_t u16(const uint8_t* p) { uint16_t v; memcpy(&v, p, 2); return __builtin_bswap16(v); }
static uint32_t u32(const uint8_t* p) { uint32_t v; memcpy(&v, p, 4); return __builtin_bswap32(v); }

struct Record { uint32_t word, instrument; double sequence, tsEvent, tsRecv, price, qty; uint32_t low, high, action, count; };
static_assert(sizeof(Record) == 64, "a record is a cache line");
struct Locate { int32_t id; uint32_t first, second, unused; };
struct Row { double messages, orders, gapEpoch, unused; };

constexpr uint32_t DELTA = 0x00010803, TRADE = 0x00010801, LAST = 0x00010000;

struct Feed {
  Record record{};
  std::vector<Locate> locates = std::vector<Locate>(65536);
  std::vector<Row> rows = std::vector<Row>(1024);
  double types[256] = {};
  double messages = 0, firstTs = 0, lastTs = 0, gapEpoch = 0, gapTold = 0;
  int32_t instruments = 0;
  uint64_t malformed = 0;
  int16_t lengths[256];
  uint32_t sums[6] = {};

  Feed() {
    for (int16_t& length : lengths) length = -1;
    const struct { char type; int16_t length; } table[] = {{'S', 12}, {'R', 39}, {'H', 25}, {'Y', 20}, {'L', 26}, {'V', 35}, {'W', 12}, {'K', 28},
      {'J', 35}, {'h', 21}, {'A', 36}, {'F', 40}, {'E', 31}, {'C', 36}, {'X', 23}, {'D', 19}, {'U', 35}, {'P', 44}, {'Q', 40}, {'B', 19}, {'I', 50},
      {'N', 20}, {'O', 48}};
    for (auto& entry : table) lengths[(uint8_t)entry.type] = entry.length;
  }
  int32_t byStock(const uint8_t* m, const uint8_t* stock) {
    Locate& row = locates[u16(m + 1)];
    uint32_t first = u32(stock), second = u32(stock + 4);
    if (row.id > 0 && row.first == first && row.second == second) return row.id - 1;
    if (row.id == 0) row.id = ++instruments;
    row.first = first;
    row.second = second;
    return row.id - 1;
  }
  int32_t byLocate(const uint8_t* m) {
    Locate& row = locates[u16(m + 1)];
    if (row.id == 0) row.id = ++instruments;
    return row.id - 1;
  }
  void begin(const uint8_t* m, int32_t instrument, uint32_t word, int orders) {
    double time = u16(m + 5) * 4294967296.0 + u32(m + 7);
    if (messages++ == 0) firstTs = time;
    lastTs = time;
    types[m[0]]++;
    Row& row = rows[instrument];
    row.messages++;
    row.orders += orders;
    if (gapTold != gapEpoch) gapTold = gapEpoch;
    if (row.gapEpoch != gapEpoch) { row.gapEpoch = gapEpoch; word |= 0x00200000; }
    record.word = word;
    record.instrument = (uint32_t)instrument;
    record.tsEvent = time;
  }
  void finish(const uint8_t* order, uint32_t action, uint32_t count) {
    record.low = u32(order + 4);
    record.high = u32(order);
    record.action = action;
    record.count = count;
    emit();
  }
  // Behind an interface: the compiler may not see through.
  __attribute__((noinline)) void emit() {
    asm volatile("" ::: "memory");
    sums[0] += record.low;
    sums[1] += (uint32_t)(int64_t)record.price;
    sums[2] += (uint32_t)(int64_t)record.qty;
    sums[3] += (uint32_t)(uint64_t)record.tsEvent;
    sums[4] += record.instrument + 1;
    sums[5]++;
  }
  void values(uint32_t price, uint32_t qty) { record.price = price; record.qty = qty; }
  bool message(const uint8_t* m) {
    switch (m[0]) {
      case 'A': case 'F': {
        if (m[19] != 'B' && m[19] != 'S') return false;
        begin(m, byStock(m, m + 24), DELTA, 1);
        values(u32(m + 32), u32(m + 20));
        finish(m + 11, m[19] == 'B' ? 1 : 0x101, 0);
        return true;
      }
      case 'D': begin(m, byLocate(m), DELTA, 0); values(0, 0); finish(m + 11, 0x205, 0); return true;
      case 'U':
        begin(m, byLocate(m), DELTA & ~LAST, 0); values(0, 0); finish(m + 11, 0x206, 0);
        record.word = DELTA; values(u32(m + 31), u32(m + 27)); finish(m + 19, 0x207, 0);
        return true;
      case 'E': begin(m, byLocate(m), DELTA, 0); values(0, u32(m + 19)); finish(m + 11, 0x202, u32(m + 27)); return true;
      case 'X': begin(m, byLocate(m), DELTA, 0); values(0, u32(m + 19)); finish(m + 11, 0x204, 0); return true;
      case 'C':
        if (m[31] != 'Y' && m[31] != 'N') return false;
        begin(m, byLocate(m), m[31] == 'Y' ? DELTA : DELTA | 0x00800000, 0); values(u32(m + 32), u32(m + 19)); finish(m + 11, 0x203, u32(m + 27));
        return true;
      case 'P': begin(m, byStock(m, m + 24), TRADE, 0); values(u32(m + 32), u32(m + 20)); finish(m + 36, 2, 0); return true;
      case 'Q':
        if (u32(m + 11) >= 0x200000) return false;
        if ((u32(m + 11) | u32(m + 15)) == 0) { messages++; types['Q']++; rows[byStock(m, m + 19)].messages++; return true; }
        begin(m, byStock(m, m + 19), TRADE, 0); values(u32(m + 27), u32(m + 15)); finish(m + 31, 0x102, 0);
        return true;
      case 'B': begin(m, byLocate(m), TRADE, 0); values(0, 0); finish(m + 11, 0x202, 0); return true;
      case 'R': byStock(m, m + 11); messages++; types['R']++; return true;
      default: messages++; types[m[0]]++; return true;
    }
  }
};

int main(int, char** argv) {
  std::vector<uint8_t> bytes = readFile(argv[1]);
  Feed feed;
  serve([&](int64_t, int64_t) {
    memset(feed.sums, 0, sizeof feed.sums);
    const uint8_t* p = bytes.data();
    const uint8_t* end = p + bytes.size();
    double before = feed.messages;
    int64_t start = nowNs();
    while (p + 2 < end) {
      uint16_t length = u16(p);
      const uint8_t* m = p + 2;
      if (length != feed.lengths[m[0]] || m + length > end || !feed.message(m)) feed.malformed++;
      p = m + length;
    }
    int64_t ns = nowNs() - start;
    uint32_t hash = 0;
    for (uint32_t word : feed.sums) hash = mixWord(hash, word);
    answer(ns, (int64_t)(feed.messages - before), hash);
  });
}
